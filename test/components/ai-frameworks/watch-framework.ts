import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, type TestContext } from 'vitest'
import {
  type AiAgentEnd,
  modelCallsCounted,
  modelCallsOf,
  watchAiAgent,
} from '../../../packages/agent-probe/src/testing/watch-ai-agent.ts'
import { need } from '../component.ts'
import type { obtainPackages } from './obtain-packages.ts'

type Packages = Awaited<ReturnType<typeof obtainPackages>>

/** Runs an agent beside the packages, under the probe; the calls to models are compared by the way. */
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
  const { code, stderr, report, counts } = end
  expect(code, stderr).toBe(0)
  expect(modelCallsOf(report)).toEqual(modelCallsCounted(counts))
  expect(report.body.toString()).not.toContain('secret')
  return end
}
