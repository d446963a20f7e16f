import { backupStore, checkStore, exportStore, importStore, repairStore } from '@perfmon/aggregator'
import { loadConfiguration } from './load-configuration.ts'
import { terminal } from './terminal.ts'

export interface StoreFlags {
  readonly config?: string
  readonly data?: string
}

type Check = ReturnType<typeof checkStore>

const tell = ({ blocks, chunks, samples, damages }: Check): void => {
  terminal.print(
    `${samples} samples in ${blocks} blocks and ${chunks} chunks read, ${damages.length} damaged`,
  )
  for (const { table, id, reason } of damages.slice(0, 20)) terminal.print(`  ${table} ${id}: ${reason}`)
}

/** `perfmon store …`: what one does to a data directory. Exit code 1 when something is damaged. */
export const storeCommands = {
  async check(flags: StoreFlags): Promise<void> {
    const check = checkStore(await dataDir(flags))
    tell(check)
    if (check.damages.length > 0) {
      terminal.say('Stop the aggregator, then run: perfmon store repair')
      process.exitCode = 1
    }
  },
  async repair(flags: StoreFlags): Promise<void> {
    const { found, left } = repairStore(await dataDir(flags))
    tell(found)
    terminal.print(`${found.damages.length - left.damages.length} taken out and kept in damaged.ndjson`)
    if (left.damages.length > 0) process.exitCode = 1
  },
  async backup(to: string, flags: StoreFlags): Promise<void> {
    backupStore(await dataDir(flags), to)
    terminal.print(`${to} is a data directory now: perfmon start --data ${to}`)
  },
  async export(file: string, flags: StoreFlags): Promise<void> {
    const dir = await dataDir(flags)
    await exportStore({ dir, file, nowMs: Date.now(), warn: (message) => terminal.say(message) })
    terminal.print(`${file} has everything of ${dir}`)
  },
  async import(file: string, flags: StoreFlags): Promise<void> {
    const dir = await dataDir(flags)
    await importStore(file, dir)
    terminal.print(`${dir} is ready: perfmon start --data ${dir}`)
  },
}

const dataDir = async (flags: StoreFlags): Promise<string> => (await loadConfiguration(flags)).data.dir
