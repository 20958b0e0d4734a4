import { describe, expect, it } from 'vitest'
import { check, toReport } from '../src/check.ts'
import { API_KEY, ORIGIN, ROOT } from './support/service.ts'

const environment = {
  OPENAI_API_KEY: API_KEY,
  ALLOWED_ORIGINS: ORIGIN,
  AUTH_MODE: 'none',
  PRESETS_FILE: `${ROOT}presets.yaml`,
}

describe('check', () => {
  it('finds nothing wrong with what is shipped, and shows all that would be sent', async () => {
    const findings = await check({ file: undefined, environment })
    expect(findings).toMatchObject({
      problems: [],
      warnings: [],
      revision: expect.stringMatching(/^\w{16}$/),
    })
    expect(findings.presets.map(({ name, path }) => [name, path])).toEqual([
      ['voice-assistant', '/client_secrets'],
      ['transcriber', '/client_secrets'],
      ['translator', '/translations/client_secrets'],
      ['support-agent', '/client_secrets'],
      ['classic', '/client_secrets'],
    ])
    expect(toReport(findings)).toMatch(/: 5 presets, revision \w{16}, no problems, 0 warnings\n$/)
  })

  it('reports what is wrong with settings and presets at once', async () => {
    const broken = { ...environment, AUTH_MODE: '', PRESETS_FILE: `${ROOT}test/e2e/broken-presets.yaml` }
    const { problems, presets } = await check({ file: undefined, environment: broken })
    expect(problems.some((problem) => problem.startsWith('AUTH_MODE: '))).toBe(true)
    expect(problems.some((problem) => problem.includes('did you mean "session"?'))).toBe(true)
    expect(presets).toEqual([])
  })

  it('judges a named file whatever the settings are', async () => {
    const findings = await check({ file: `${ROOT}presets.yaml`, environment: {} })
    expect(findings.problems).toEqual([])
  })

  it('misses the preset that DEFAULT_PRESET names', async () => {
    const { problems } = await check({
      file: undefined,
      environment: { ...environment, DEFAULT_PRESET: 'nobody' },
    })
    expect(problems).toEqual([expect.stringContaining('lacks the preset that DEFAULT_PRESET names')])
  })

  it('has the verdict last in its report, behind problems and warnings', () => {
    const report = toReport({
      file: 'p.yaml',
      problems: ['p.yaml:1:1 one'],
      warnings: ['p.yaml:2:1 two'],
      revision: null,
      presets: [],
    })
    expect(report).toBe('Warnings\n  p.yaml:2:1 two\n\nProblems\n  p.yaml:1:1 one\n\np.yaml: 1 problems\n')
  })
})
