import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createProfileFolder } from './profile-folder.ts'

test('what a full disk cut short is taken away again, and told', async () => {
  const path = await mkdtemp(join(tmpdir(), 'perfmon-profiles-'))
  const folder = createProfileFolder({ configured: path, now: () => 1_700_000_000_000 })
  const filling = folder.fillFile({ kind: 'heap', extension: 'heapsnapshot', bytes: 10 }, async (file) => {
    await writeFile(file, 'half a')
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  })
  await expect(filling).rejects.toThrow('ENOSPC')
  expect(await readdir(path)).toEqual([])
  await rm(path, { recursive: true })
})
