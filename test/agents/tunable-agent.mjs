// An agent that says what may be changed while it runs. GET / answers what is in force.
import { createServer } from 'node:http'
import { action, tunable } from '@perfmon/agent-probe/api'

const state = { batchSize: 10, model: 'small', cache: 5 }
tunable('batch-size', {
  get: () => state.batchSize,
  set: (size) => {
    state.batchSize = size
  },
  min: 1,
  max: 100,
  step: 1,
  unit: '{task}',
  description: 'Tasks taken at a time',
})
tunable('model', {
  get: async () => state.model,
  set: async (model) => {
    state.model = model
  },
  values: ['small', 'large'],
})
action('drop-cache', {
  description: 'Forgets what was read',
  run: () => {
    const dropped = state.cache
    state.cache = 0
    return { dropped }
  },
  undo: (_args, { dropped }) => {
    state.cache = dropped
    return { restored: dropped }
  },
})

const server = createServer((_request, response) => response.end(JSON.stringify(state)))
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
