// npm start: sets the workspace up and runs the aggregator with the demo swarm. Arguments after `--` go to `perfmon demo`.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { node, prepareWorkspace, root } from './prepare-workspace.mjs'

await prepareWorkspace()
const child = spawn(node, [join(root, 'packages/cli/bin/perfmon.mjs'), 'demo', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
// Ctrl-C reaches the whole foreground group, so the child has it already and this process only waits. Any other
// sender knows only this process: it passes the signal on.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 1 : code))
