import { spawnSync } from 'node:child_process'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildProbe, registerFile, runAgent } from '../testing/run-agent.ts'
import { type Receiver, startReceiver } from '../testing/start-receiver.ts'

let receiver: Receiver
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

const unshare = ['unshare', '--pid', '--fork', '--kill-child']
const isPossible =
  process.platform === 'linux' && spawnSync(unshare[0]!, [...unshare.slice(1), 'true']).status === 0

// As the first process of a container is: signals that nobody listens to do not end it, not even its own.
const source = `
console.log(process.pid)
process.kill(process.pid, 'SIGTERM')
setTimeout(() => { process.kill(process.pid, 'SIGINT') }, 50)
setTimeout(() => process.exit(7), 250)`

test.skipIf(!isPossible)(
  'the first process of a container survives the signals that it would survive without (skipped where nobody may make one)',
  async () => {
    const inContainer = (nodeOptions: readonly string[]) =>
      runAgent({
        source,
        node: unshare[0]!,
        nodeOptions: [...unshare.slice(1), process.execPath, ...nodeOptions],
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint },
      })
    const bare = await (await inContainer([])).ended
    const probed = await (await inContainer(['--import', registerFile])).ended
    expect(probed).toEqual(bare)
    expect(bare).toMatchObject({ code: 7, stdout: '1\n' })
    // One goodbye, when it really leaves.
    const ends = receiver.reports.map(({ metrics }) => metrics.get('perfmon.agent.exit')?.points[0]?.value)
    expect(ends.filter((code) => code !== undefined)).toEqual([7])
    expect(ends.at(-1)).toBe(7)
  },
)
