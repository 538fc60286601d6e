// As setup.mjs: plain Node 20, for nothing is installed yet. An operating system's own lock would need a package.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'

const pause = new Int32Array(new SharedArrayBuffer(4))

/** A look at what is set up already takes less; who waits longer is told why. */
const TOLD_AFTER_MS = 1_000

/**
 * Waits until the file at `path` is this process's, and says once through `tell` whom it waits for, if that takes more than a
 * moment. It holds its owner's pid; whose owner is dead, it is taken over. Where no file can be written nothing is locked:
 * nothing can be set up either.
 */
export function takeLock(path, tell) {
  const began = Date.now()
  let told = false
  while (!tryCreate(path)) {
    const owner = readIfThere(path)
    if (owner === undefined) continue
    if (isHeld(path, owner)) {
      if (!told && Date.now() - began > TOLD_AFTER_MS) {
        tell(`Waiting for process ${owner}, which sets up this clone (it holds ${path}) …`)
        told = true
      }
      Atomics.wait(pause, 0, 0, 100)
      continue
    }
    // Of several who see that the owner is dead, a late one would remove the lock of the first: they take turns, and look again.
    const turn = `${path}.${owner || 'nobody'}`
    takeLock(turn, tell)
    if (readIfThere(path) === owner) rmSync(path, { force: true })
    rmSync(turn, { force: true })
  }
}

export const releaseLock = path => rmSync(path, { force: true })

function tryCreate(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    if (['EROFS', 'EACCES', 'EPERM'].includes(error.code)) return true
    throw error
  }
}

/** A file without a pid was created this moment, or its owner died before it wrote. */
function isHeld(path, owner) {
  if (owner === '') return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < 2_000
  try {
    process.kill(Number(owner), 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
