import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findPackages } from './find-frameworks.ts'

test('packages above the script, behind its link, and those pnpm hides', async () => {
  const root = await mkdtemp(join(tmpdir(), 'perfmon-find-'))
  for (const folder of [
    'real/node_modules/@scope/one',
    'real/node_modules/.pnpm/node_modules/two',
    'real/deep/down',
    'bin',
    'other/node_modules/three',
  ]) {
    await mkdir(join(root, folder), { recursive: true })
  }
  await writeFile(join(root, 'real/deep/down/agent.js'), '')
  await symlink(join(root, 'real/deep/down/agent.js'), join(root, 'bin/agent'))
  const names = ['@scope/one', 'two', 'three', 'four']
  const script = join(root, 'bin/agent')
  expect([...findPackages(names, { script, folder: root, anywhere: false })].sort()).toEqual([
    '@scope/one',
    'two',
  ])
  expect(findPackages(names, { script, folder: join(root, 'other'), anywhere: false })).toContain('three')
  expect(findPackages(names, { script: join(root, 'missing.js'), folder: root, anywhere: false })).toEqual([])
  expect(findPackages(names, { script, folder: root, anywhere: true })).toEqual(names)
})
