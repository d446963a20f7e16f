import { Worker } from 'node:worker_threads'

/**
 * Starts a thread from a file of this folder, as source or as built. Its own flags: the condition by which sources
 * find each other, and no warning about node:sqlite, which is no user's concern.
 */
export const startWorker = (file: string, name: string, workerData: unknown): Worker => {
  const fromSource = import.meta.url.endsWith('.ts')
  const url = new URL(`./${file}.${fromSource ? 'ts' : 'js'}`, import.meta.url)
  const conditions = fromSource ? ['--conditions=perfmon-source'] : []
  return new Worker(url, {
    name,
    workerData,
    execArgv: [...conditions, '--disable-warning=ExperimentalWarning'],
  })
}
