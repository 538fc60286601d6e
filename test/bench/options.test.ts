import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readOptions } from '../../bench/options.ts'
import { root } from '../support/processes.ts'

const usual = { only: ['executors', 'presets', 'open loop'], rounds: 30, python: 'python3' } as const

describe('the options of a benchmark', () => {
  it('are the usual ones but for those that are given', () => {
    expect(readOptions('train', usual, [])).toEqual(usual)
    expect(readOptions('train', usual, ['--rounds', '2', '--only=open loop,presets', '--python', '/bin/p'])).toEqual({
      only: ['open loop', 'presets'],
      rounds: 2,
      python: '/bin/p',
    })
  })

  it.each([
    [
      ['--round', '2'],
      'The benchmark train takes no "--round": it takes --only "executors,presets,open loop", --rounds 30, ',
    ],
    [['--toString', '2'], 'The benchmark train takes no "--toString"'],
    [['presets'], 'The benchmark train takes no "presets"'],
    [['--rounds'], '--rounds is without a value: pass one, as --rounds 30.'],
    [['--rounds', 'many'], '--rounds is "many": pass a number above 0, such as 30.'],
    [['--only', 'preset'], 'There is no section "preset": choose from executors,presets,open loop.'],
  ])('%j are refused', (flags, message) => {
    expect(() => readOptions('train', usual, flags)).toThrow(message)
  })
})

describe('npm run bench', () => {
  const names = readdirSync(join(root, 'bench/suites')).map(file => file.replace('.ts', ''))
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['bench/main.ts', ...args], {
      cwd: root,
      encoding: 'utf8',
      // What stands for a terminal in CI gets colours.
      env: { ...process.env, NO_COLOR: '1' },
    })
    return { status, stdout, stderr }
  }

  it('tells which benchmarks there are', () => {
    const { status, stdout } = run('--help')
    expect(status).toBe(0)
    for (const name of names) expect(stdout).toContain(`${name}  `)
    expect(run('trian')).toEqual({
      status: 2,
      stdout: '',
      stderr: `There is no benchmark "trian": choose from ${names.join(', ')}.\n`,
    })
  })

  it('tells the options of one, and measures nothing with one that it has not', () => {
    const { status, stdout } = run('train', '--help')
    expect(status).toBe(0)
    expect(stdout).toContain('train [--only executors,presets,generation] [--rounds 30] [--python python3] [--json]')
    expect(run('start', '--rounds', '3')).toEqual({
      status: 2,
      stdout: '',
      stderr: 'The benchmark start takes no "--rounds": it takes --json, --help.\n',
    })
  })
})
