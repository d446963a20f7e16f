import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { postJson } from './post-json.js'
import { startChild } from './start-child.js'

const workerRoles = ['summarizer', 'coder', 'reviewer']
const healthyTools = { latencyMs: 40, errorRate: 0, blockMs: 0 }

/**
 * Starts the demo swarm: a fake model server, a tool server, three workers, a researcher, an orchestrator and
 * an agent that speaks WebSocket only, each a process of its own. It works until it is stopped.
 *
 * @param {import('./run-swarm.d.ts').SwarmOptions} [options]
 * @returns {Promise<import('./run-swarm.d.ts').Swarm>}
 */
export async function startSwarm(options = {}) {
  const {
    otlpEndpoint,
    aggregatorUrl,
    swarm = 'demo',
    onExit = () => {},
    log = () => {},
    tasksPerSecond = 2,
  } = options
  const preload = options.preload === undefined ? probeUrl() : options.preload
  /** Everything that runs. */
  const children = new Set()
  let stopping = false

  async function start({ name, file, env = {}, probed = true, port = 0 }) {
    const child = await startChild({
      name,
      file,
      preload: probed ? preload : null,
      env: {
        PORT: String(port),
        PERFMON_SWARM: swarm,
        OTEL_SERVICE_NAME: name,
        ...(otlpEndpoint === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint }),
        ...(aggregatorUrl === undefined
          ? {}
          : { PERFMON_AGGREGATOR_URL: aggregatorUrl, PERFMON_ALLOW_ACTIONS: '*' }),
        ...env,
      },
      log,
      onExit: (end) => {
        if (!stopping) onExit({ name, code: end.code, signal: end.signal })
      },
    })
    children.add(child)
    void child.ended.then(() => children.delete(child))
    if (stopping) {
      await child.stop()
      throw new Error(`${name} was started while the swarm was being stopped`)
    }
    return child
  }

  async function stop() {
    stopping = true
    // Those who give work first: nobody is to fail because others have gone already.
    const isGiver = (child) => child.name === 'orchestrator' || child.name === 'archivist'
    await Promise.all([...children].filter(isGiver).map((child) => child.stop()))
    await Promise.all([...children].map((child) => child.stop()))
  }

  try {
    const modelUrl =
      options.modelServer ?? (await start({ name: 'model', file: 'model-server.js', probed: false })).url
    const tools = await start({ name: 'tools', file: 'tool-server.js' })
    const env = { MODEL_URL: modelUrl, TOOL_URL: tools.url }
    const startWorker = (role, port) =>
      start({ name: role, file: 'worker.js', env: { ...env, ROLE: role }, port })

    // One after the other: together they would need both cores of a small machine for a second.
    const workers = new Map()
    for (const role of workerRoles) workers.set(role, await startWorker(role))
    const researcher = await start({ name: 'researcher', file: 'researcher.js', env })
    const archivist = await start({ name: 'archivist', file: 'websocket-only.js', env, probed: false })
    const orchestrator = await start({
      name: 'orchestrator',
      file: 'orchestrator.js',
      env: {
        WORKER_URLS: [...workers.values()].map((worker) => worker.url).join(','),
        RESEARCHER_URL: researcher.url,
        TASKS_PER_SECOND: String(tasksPerSecond),
      },
    })

    const controlTools = (settings) => postJson(`${tools.url}/control`, settings)
    const controlWorker = (role, settings) => postJson(`${workers.get(role).url}/control`, settings)
    const breakages = {
      async errors() {
        await controlTools({ errorRate: 1 })
        return 'The tool server answers 500 to everything; the workers fail with 502.'
      },
      async slow() {
        await controlTools({ latencyMs: 6000 })
        return 'The tool server takes 6 s for an answer; the workers wait for it.'
      },
      async busy() {
        await controlWorker('coder', { busy: 0.98 })
        return 'The coder blocks its event loop for 98 % of the time.'
      },
      async crash() {
        const reviewer = workers.get('reviewer')
        reviewer.kill('SIGKILL')
        await reviewer.ended
        return 'The reviewer was killed (SIGKILL).'
      },
    }

    return {
      get agents() {
        const probed = [orchestrator, ...workers.values(), researcher, tools]
        return [...probed.map((agent) => listed(agent, 'otlp')), listed(archivist, 'websocket')]
      },
      webSocketAgents: [`${archivist.url.replace('http:', 'ws:')}/metrics`],
      modelUrl,
      async break(kind) {
        if (!Object.hasOwn(breakages, kind)) {
          throw new RangeError(
            `"${kind}" is no way to break it; there are ${Object.keys(breakages).join(', ')}`,
          )
        }
        return await breakages[kind]()
      },
      async mend() {
        await controlTools(healthyTools)
        for (const [role, worker] of workers) {
          if (!worker.hasEnded()) await controlWorker(role, { busy: 0 })
          // At the same address, where the orchestrator goes on looking for it.
          else workers.set(role, await startWorker(role, Number(new URL(worker.url).port)))
        }
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const listed = ({ name, pid, url }, speaks) => ({ name, pid, url, speaks })

function probeUrl() {
  const url = import.meta.resolve('@perfmon/agent-probe')
  if (!existsSync(fileURLToPath(url))) {
    throw new Error('the probe is not built yet: run "npm run build" at the top of the repository')
  }
  return url
}
