import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, type TestContext } from 'vitest'
import { expectSameCalls } from '../../../packages/agent-probe/src/testing/same-calls.ts'
import { type AiAgentEnd, watchAiAgent } from '../../../packages/agent-probe/src/testing/watch-ai-agent.ts'
import { need } from '../component.ts'
import type { obtainPackages } from './obtain-packages.ts'

type Packages = Awaited<ReturnType<typeof obtainPackages>>

/**
 * Runs an agent beside the packages, under the probe. Whatever the framework, everything told of its calls to models
 * must be what the model server counted, each call has a duration, and nothing of what was said may leave.
 */
export async function watchFramework(
  { skip }: TestContext,
  packages: Packages,
  agent: Omit<Parameters<typeof watchAiAgent>[0], 'folder'>,
): Promise<AiAgentEnd> {
  const { folder } = need(packages, skip)
  const workFolder = await mkdtemp(join(folder, 'agents-'))
  const end = await watchAiAgent({ ...agent, folder: workFolder }).finally(() =>
    rm(workFolder, { recursive: true, force: true }),
  )
  const { code, stderr, reports } = end
  expect(code, stderr).toBe(0)
  expectSameCalls(end)
  for (const each of reports) expect(each.body.toString()).not.toContain('secret')
  return end
}
