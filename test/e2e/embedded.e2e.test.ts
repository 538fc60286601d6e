import { describe, expect, it } from 'vitest'
import { eventually, processesNaming } from '../support/processes.ts'
import { embeddedForge } from './embedded-forge.ts'
import { scenarios } from './scenarios.ts'

scenarios('in one process', embeddedForge)

describe('a stopped forge', () => {
  it('leaves no process behind after Ctrl-C', async () => {
    await using forge = await embeddedForge()
    expect(processesNaming(forge.data).length).toBeGreaterThan(0)
    forge.process.child.kill('SIGINT')
    expect(await forge.process.exit).toBe(0)
    expect(processesNaming(forge.data)).toEqual([])
  }, 120_000)

  it('keeps its login code from working twice', async () => {
    await using forge = await embeddedForge()
    const printed = () => /http:\/\/\S+\/login\?code=[\w-]+/.exec(forge.process.output())?.[0]
    const loginUrl = await eventually(printed, 'the forge prints where to log in')
    const first = await fetch(loginUrl, { redirect: 'manual' })
    expect(first.status).toBe(303)
    expect(first.headers.get('set-cookie')).toMatch(/forge_session=.*HttpOnly/)
    const second = await fetch(loginUrl, { redirect: 'manual' })
    expect(second.status).not.toBe(303)
    expect(second.headers.get('set-cookie')).toBeNull()
  }, 120_000)
})
