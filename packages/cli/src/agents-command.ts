import type {
  ActionArgs,
  ActionArgument,
  ActionResponse,
  ActionsResponse,
  Agent,
  AgentsResponse,
  RunAction,
} from '@perfmon/protocol'
import { AskError, askAggregator } from './ask-aggregator.ts'
import { quiet, strong, terminal } from './terminal.ts'

export interface AgentsFlags {
  readonly url: string
  readonly json?: boolean
}

export interface RunFlags extends AgentsFlags {
  /** `name=value` each. */
  readonly arg: readonly string[]
  readonly timeout: number
}

const progressEveryMs = 1_000

/** `perfmon agents list`: who is there, and who can be asked for actions. */
export async function listAgentsCommand({ url, json }: AgentsFlags): Promise<void> {
  await explained(json, async () => {
    const response = await askAggregator<AgentsResponse>(url, '/api/agents?limit=10000')
    if (json) return terminal.print(JSON.stringify(response))
    for (const { id, name, swarm, status, reachableBy } of response.agents) {
      terminal.print(clean(`${name}  ${swarm}  ${status}  ${reachableBy ?? 'no actions'}  ${id}`))
    }
  })
}

/** `perfmon agents actions AGENT`: what can be asked of it, its tunables, and what is not as it has it itself. */
export async function agentActionsCommand(who: string, { url, json }: AgentsFlags): Promise<void> {
  await explained(json, async () => {
    const agent = await findAgent(url, who)
    const offered = await askAggregator<ActionsResponse>(
      url,
      `/api/agents/${encodeURIComponent(agent.id)}/actions`,
    )
    if (json) return terminal.print(JSON.stringify(offered))
    terminal.print(strong(clean(`${agent.name}  ${agent.id}`)))
    if (offered.tunables.length > 0) terminal.print('Tunables')
    for (const { name, value, ...bounds } of offered.tunables) {
      terminal.print(clean(`  ${name} = ${value ?? 'unknown'}  (${renderBounds(bounds)})`))
      if (bounds.description) terminal.print(quiet(clean(`      ${bounds.description}`)))
    }
    terminal.print('Actions')
    for (const { name, allowed, description, arguments: wanted, current } of offered.actions) {
      const line = clean(`  ${name}${allowed ? '' : '  (not allowed by the agent)'}`)
      terminal.print(allowed ? line : quiet(line))
      terminal.print(quiet(clean(`      ${description}`)))
      for (const [argument, bounds] of Object.entries(wanted)) {
        const now = current?.[argument]
        const rest =
          now !== undefined
            ? `, now ${now}`
            : bounds.default === undefined
              ? ''
              : `, ${bounds.default} unless given`
        terminal.print(quiet(clean(`      --arg ${argument}=…  ${renderBounds(bounds)}${rest}`)))
      }
    }
    if (offered.changes.length > 0) terminal.print('Changed from outside')
    for (const { target, original, by, atMs } of offered.changes) {
      const was = JSON.stringify(original)
      terminal.print(clean(`  ${target}, was ${was}, by ${by} at ${new Date(atMs).toISOString()}`))
    }
  })
}

/** `perfmon agents run AGENT ACTION`: asks for it, waits, and says how to take it back. */
export async function runActionCommand(who: string, action: string, flags: RunFlags): Promise<void> {
  const { url, json } = flags
  await explained(json, async () => {
    const agent = await findAgent(url, who)
    const body: RunAction = {
      args: await readArgs(url, agent, action, flags.arg),
      timeoutMs: flags.timeout * 1_000,
    }
    const sinceMs = performance.now()
    const timer = setInterval(() => {
      const seconds = Math.round((performance.now() - sinceMs) / 1_000)
      terminal.say(quiet(`${action} is under way, ${seconds} s …`))
    }, progressEveryMs)
    let answer: ActionResponse
    try {
      const path = `/api/agents/${encodeURIComponent(agent.id)}/actions/${encodeURIComponent(action)}`
      answer = await askAggregator(url, path, { body, timeoutMs: flags.timeout * 1_000 + 5_000 })
    } finally {
      clearInterval(timer)
    }
    if (json) return terminal.print(JSON.stringify(answer))
    terminal.print(clean(`${action} done in ${answer.durationMs.toFixed(0)} ms`))
    for (const line of JSON.stringify(answer.result ?? null, null, 2).split('\n')) terminal.print(clean(line))
    terminal.print(
      answer.undo === undefined
        ? quiet(clean(answer.irreversible ?? ''))
        : `Undo:  ${clean(commandFor(who, answer.undo, url))}`,
    )
  })
}

async function findAgent(url: string, who: string): Promise<Agent> {
  const { agents } = await askAggregator<AgentsResponse>(url, '/api/agents?limit=10000')
  const exact = agents.find(({ id }) => id === who)
  if (exact) return exact
  const here = agents.filter(({ name, status }) => name === who && status !== 'left' && status !== 'offline')
  const [only, ...others] = here
  if (only === undefined)
    throw new AskError('unknown-agent', `There is no agent "${who}". See: perfmon agents list`)
  if (others.length === 0) return only
  const ids = here.map(({ id }) => id).join(', ')
  throw new AskError('ambiguous', `${here.length} agents are called "${who}". Use an id: ${clean(ids)}`)
}

/** Values have the type that the agent wants: 10 is a number for one argument and a text for another. */
async function readArgs(
  url: string,
  agent: Agent,
  action: string,
  pairs: readonly string[],
): Promise<ActionArgs> {
  const written = pairs.map((pair) => {
    const [name = '', ...rest] = pair.split('=')
    if (rest.length === 0) throw new AskError('usage', `--arg ${pair} must be written as --arg name=value`)
    return [name, rest.join('=')] as const
  })
  if (written.length === 0) return {}
  const offered = await askAggregator<ActionsResponse>(
    url,
    `/api/agents/${encodeURIComponent(agent.id)}/actions`,
  )
  const wanted = offered.actions.find(({ name }) => name === action)?.arguments ?? {}
  const tunable = offered.tunables.find(({ name }) => name === written.find(([key]) => key === 'name')?.[1])
  const typeOf = (name: string): ActionArgument['type'] => {
    const { type = 'any' } = wanted[name] ?? {}
    return type === 'any' && tunable !== undefined ? tunable.type : type
  }
  return Object.fromEntries(written.map(([name, text]) => [name, readValue(text, typeOf(name))]))
}

function readValue(text: string, type: ActionArgument['type']): string | number | boolean {
  if (type === 'text') return text
  if (text === 'true' || text === 'false') return text === 'true'
  const number = Number(text)
  return text.trim() !== '' && Number.isFinite(number) ? number : text
}

function renderBounds({ type, min, max, step, unit, values }: Omit<ActionArgument, 'default'>): string {
  if (values !== undefined) return values.join(' | ')
  if (min === undefined || max === undefined) return type
  return `${min} to ${max}${unit ? ` ${unit}` : ''}${step === undefined ? '' : `, steps of ${step}`}`
}

function commandFor(
  who: string,
  { action, args }: { action: string; args: ActionArgs },
  url: string,
): string {
  const quoted = (text: string) => (/^[\w.:=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
  const flags = Object.entries(args).map(([name, value]) => `--arg ${quoted(`${name}=${value}`)}`)
  const place = url === 'http://127.0.0.1:8080' ? [] : [`--url ${quoted(url)}`]
  return ['perfmon agents run', quoted(who), quoted(action), ...flags, ...place].join(' ')
}

/** What agents send is not to move the cursor, to colour the terminal or to begin a line that looks like ours. */
function clean(text: string): string {
  return text.replaceAll(/\p{C}/gu, ' ')
}

/** Exit code 2: the input is wrong; 3: the agent refused; 1: anything else. */
async function explained(json: boolean | undefined, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof AskError)) throw error
    if (json) terminal.print(JSON.stringify({ error: error.code, message: error.message }))
    else terminal.say(clean(`${error.message} (${error.code})`))
    const isUsage = ['usage', 'ambiguous', 'unknown-agent', 'unknown-action'].includes(error.code)
    process.exitCode = isUsage ? 2 : error.code === 'unreachable' ? 1 : 3
  }
}
