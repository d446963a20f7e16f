import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { beforeAll, expect, test } from 'vitest'
import { buildProbe, runAgent } from '../testing/run-agent.ts'

beforeAll(buildProbe, 30_000)

// A listener that is stopped and whose queue is full: connects neither succeed nor fail, as behind a firewall.
test.skipIf(process.platform !== 'linux')(
  'an agent that has nothing left to do ends while the probe still connects',
  async () => {
    const source =
      "const s = require('net').createServer(); s.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))"
    const hole = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = await once(hole.stdout, 'data')
    const port = Number(line)
    hole.kill('SIGSTOP')
    const queue = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}))

    try {
      const agent = await runAgent({
        source: "setTimeout(() => console.log('nothing left to do'), 400)",
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, PERFMON_EXIT_WAIT_MS: '100' },
      })
      // The exporter's own deadline is ten seconds: longer than this test may take.
      expect(await agent.ended).toMatchObject({ code: 0, stdout: 'nothing left to do\n' })
    } finally {
      for (const socket of queue) socket.destroy()
      hole.kill('SIGKILL')
    }
  },
)
