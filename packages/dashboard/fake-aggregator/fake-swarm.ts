import type {
  Agent,
  AgentStatus,
  Alert,
  IngestHealth,
  LiveServerMessage,
  Sparkline,
  SparklineVital,
  SwarmHealth,
  VitalColumns,
  VitalName,
} from '@perfmon/protocol'
import { vitalNames } from '@perfmon/protocol/names'

/**
 * What the made-up swarm is going through. `problems`: a bit of everything; `well`: nothing wrong;
 * `empty`: no agent yet; `hostile`: names that attack the page.
 */
export type FakeScenario = 'problems' | 'well' | 'empty' | 'hostile'

export interface FakeSwarm {
  snapshot(nowMs: number): Extract<LiveServerMessage, { type: 'snapshot' }>
  /** What changed by `nowMs`. `share` of the agents report in it. */
  update(nowMs: number): Extract<LiveServerMessage, { type: 'metrics:update' }>
  /** Value of a vital sign at any time: history, sparklines and updates agree because all ask here. */
  vitalAt(agentId: string, vital: VitalName, timeMs: number): number | null
  agentIds(): string[]
}

const roles = ['planner', 'coder', 'reviewer', 'retriever', 'summarizer', 'tool-server', 'router', 'critic']
const swarms = ['checkout-assistant', 'deep-research', 'support-desk', 'nightly-refactor', 'code-review']

/** A made-up swarm for the tests of the page: the same seed gives the same swarm, second by second. */
export function createFakeSwarm(options: {
  seed: number
  agents: number
  scenario: FakeScenario
  startMs: number
  /** Share of agents in each update; 1 = all. */
  share?: number
}): FakeSwarm {
  const { seed, scenario, startMs, share = 1 } = options
  const count = scenario === 'empty' ? 0 : options.agents
  const chance = (...parts: number[]) => hashed(seed, ...parts)
  const places = Array.from({ length: count }, (_, index) => index)
  const ids = places.map((index) => {
    if (scenario === 'hostile' && index < hostileNames.length) return `${hostileNames[index]}#${index}`
    return `${roleOf(index)}-${(chance(index, 7) * 0xffffff).toString(16).slice(0, 6).padStart(6, '0')}-${index}`
  })
  const placeOf = new Map(ids.map((id, index) => [id, index]))

  function roleOf(index: number): string {
    return roles[Math.floor(chance(index, 1) * roles.length)] ?? 'planner'
  }

  /** The few that are in trouble, spread over the swarm. */
  function troubleOf(index: number): 'hot' | 'failing' | 'leaking' | 'gone' | 'slow' | 'quitter' | null {
    if (scenario !== 'problems') return null
    return (
      ([null, 'failing', null, 'hot', 'gone', 'leaking', null, 'slow', 'quitter'] as const)[index] ?? null
    )
  }

  function statusOf(index: number): AgentStatus {
    const trouble = troubleOf(index)
    if (trouble === 'failing') return 'error'
    if (trouble === 'hot') return 'busy'
    if (trouble === 'gone') return 'offline'
    if (trouble === 'quitter') return 'left'
    return trouble === null && chance(index, 2) < 0.22 ? 'idle' : 'active'
  }

  const goneAtMs = startMs - 95_000

  function vitalOf(index: number, vital: VitalName, timeMs: number): number | null {
    const trouble = troubleOf(index)
    if ((trouble === 'gone' || trouble === 'quitter') && timeMs > goneAtMs) return null
    const idle = statusOf(index) === 'idle'
    const phase = chance(index, 3) * 6.28
    const wave = (Math.sin(timeMs / 47_000 + phase) + Math.sin(timeMs / 11_000 + phase * 3)) / 2
    const noise = chance(index, Math.floor(timeMs / 1000), vital.length) - 0.5
    const level = 0.15 + chance(index, 4) * 0.35
    const troubleAge = Math.max(0, timeMs - (startMs - 240_000)) / 240_000
    switch (vital) {
      case 'cpu':
        if (trouble === 'hot')
          return Math.min(1.02, 0.4 + 0.58 * Math.min(1, troubleAge * 1.4) + noise * 0.05)
        return Math.max(0, idle ? 0.02 + noise * 0.01 : level + wave * 0.1 + noise * 0.08)
      case 'memory':
        if (trouble === 'leaking') return Math.min(0.99, 0.55 + 0.33 * troubleAge + noise * 0.01)
        return 0.2 + chance(index, 5) * 0.35 + wave * 0.015
      case 'responseTime':
        if (idle) return null
        if (trouble === 'failing') return 1.4 + 3.9 * Math.min(1, troubleAge) + noise * 0.8
        if (trouble === 'slow') return 0.9 + 0.5 * wave + Math.abs(noise)
        return Math.max(0.004, 0.03 + chance(index, 6) * 0.3 + wave * 0.03 + noise * 0.03)
      case 'errorRate':
        if (idle) return null
        if (trouble === 'failing')
          return Math.max(0, Math.min(1, 0.38 * Math.min(1, troubleAge * 2) + noise * 0.08))
        return chance(index, 8) < 0.8 ? 0 : Math.max(0, 0.012 + wave * 0.01)
      case 'requestRate':
        return idle ? 0 : Math.max(0.1, 4 + chance(index, 9) * 40 + wave * 5 + noise * 4)
      case 'activeConnections':
        return idle ? 0 : Math.max(0, Math.round(6 + wave * 4 + noise * 5))
      case 'eventLoop':
        // Agents of a polled port do not say how busy their event loop is.
        if (index % 7 === 6) return null
        return Math.max(0, Math.min(1, (vitalOf(index, 'cpu', timeMs) ?? 0) * 0.9 + 0.03))
    }
  }

  function lastSeen(index: number, nowMs: number): number {
    const trouble = troubleOf(index)
    return trouble === 'gone' || trouble === 'quitter'
      ? goneAtMs
      : nowMs - Math.floor(chance(index, 10) * 900)
  }

  function agentOf(index: number, nowMs: number): Agent {
    const id = ids[index] ?? ''
    const name = scenario === 'hostile' ? (hostileNames[index] ?? roleOf(index)) : roleOf(index)
    const swarmCount = count > 60 ? swarms.length : 3
    return {
      id,
      name,
      swarm:
        scenario === 'hostile' && index < 2
          ? (hostileNames[index] ?? '')
          : (swarms[Math.floor(chance(index, 11) * swarmCount)] ?? 'default'),
      source: index % 7 === 6 ? 'websocket' : 'otlp',
      status: statusOf(index),
      firstSeenMs: startMs - 3_600_000 * (1 + Math.floor(chance(index, 12) * 40)),
      lastSeenMs: lastSeen(index, nowMs),
      reportIntervalMs: index % 7 === 6 ? null : 1000,
      vitals: Object.fromEntries(
        vitalNames.map((vital) => [vital, vitalOf(index, vital, nowMs)]),
      ) as Agent['vitals'],
      attributes: {
        'service.name': name,
        'service.instance.id': id,
        'service.version': `2.${Math.floor(chance(index, 13) * 9)}.0`,
        'host.name': `worker-${1 + Math.floor(chance(index, 14) * 12)}.internal`,
        'process.pid': String(2000 + index),
        'process.runtime.name': 'nodejs',
        'process.runtime.version': '24.21.0',
        'telemetry.sdk.language': 'nodejs',
        ...(scenario === 'hostile' ? { '<b>key</b>': hostileNames[index % hostileNames.length] ?? '' } : {}),
      },
    }
  }

  function sparklinesOf(index: number, nowMs: number): Partial<Record<SparklineVital, Sparkline>> {
    const stepMs = 5000
    const startOfLineMs = Math.floor((nowMs - 300_000) / stepMs) * stepMs
    const lines: Partial<Record<SparklineVital, Sparkline>> = {}
    for (const vital of ['cpu', 'memory', 'responseTime', 'errorRate', 'requestRate'] as const) {
      const values: (number | null)[] = []
      for (let timeMs = startOfLineMs; timeMs <= nowMs; timeMs += stepMs) {
        // One agent was away for half a minute: its line must show the gap.
        const away = index === 6 && timeMs > startMs - 150_000 && timeMs < startMs - 110_000
        const value = away ? null : vitalOf(index, vital, timeMs)
        values.push(value === null ? null : Math.round(value * 1e4) / 1e4)
      }
      if (values.some((value) => value !== null)) lines[vital] = { startMs: startOfLineMs, stepMs, values }
    }
    return lines
  }

  function alertsAt(nowMs: number): Alert[] {
    if (scenario !== 'problems') return scenario === 'hostile' ? [hostileAlert(nowMs)] : []
    const alerts: Alert[] = []
    const add = (
      index: number,
      parts: Partial<Alert> & Pick<Alert, 'rule' | 'severity' | 'summary' | 'unit'>,
    ) => {
      const agentId = ids[index]
      if (agentId === undefined) return
      const agent = agentOf(index, nowMs)
      const fingerprint = `${parts.rule}/${agentId}`
      alerts.push({
        id: `${fingerprint}/${parts.pendingSinceMs ?? 0}`,
        fingerprint,
        state: 'active',
        labels: { agent: agent.name, agent_id: agentId, swarm: agent.swarm },
        value: null,
        threshold: null,
        pendingSinceMs: startMs - 200_000,
        activeSinceMs: startMs - 170_000,
        resolvedAtMs: null,
        resolveReason: null,
        updatedAtMs: nowMs,
        ...parts,
      })
    }
    add(1, {
      rule: 'error-rate',
      severity: 'critical',
      summary: 'Much of its work fails',
      unit: '1',
      value: vitalOf(1, 'errorRate', nowMs),
      threshold: 0.1,
    })
    add(1, {
      rule: 'response-time',
      severity: 'critical',
      summary: 'Requests take too long',
      unit: 's',
      value: vitalOf(1, 'responseTime', nowMs),
      threshold: 5,
      activeSinceMs: startMs - 48_000,
    })
    add(4, {
      rule: 'agent-offline',
      severity: 'critical',
      summary: 'Stopped reporting without saying goodbye',
      unit: 's',
      activeSinceMs: startMs - 80_000,
    })
    add(3, {
      rule: 'cpu',
      severity: 'warning',
      summary: 'CPU is nearly full',
      unit: '1',
      value: vitalOf(3, 'cpu', nowMs),
      threshold: 0.7,
    })
    add(5, {
      rule: 'memory',
      severity: 'warning',
      summary: 'Memory is close to its limit',
      unit: '1',
      value: vitalOf(5, 'memory', nowMs),
      threshold: 0.8,
      activeSinceMs: startMs - 33_000,
    })
    add(7, {
      rule: 'response-time',
      severity: 'warning',
      state: 'pending',
      summary: 'Requests take long',
      unit: 's',
      value: vitalOf(7, 'responseTime', nowMs),
      threshold: 1,
      pendingSinceMs: startMs - 12_000,
      activeSinceMs: null,
    })
    for (const [index, minutes] of [
      [10, 4],
      [12, 11],
      [2, 26],
    ] as const) {
      add(index, {
        rule: index === 12 ? 'error-rate' : 'response-time',
        severity: 'warning',
        state: 'resolved',
        summary: 'Requests take long',
        unit: index === 12 ? '1' : 's',
        value: index === 12 ? 0.02 : 0.61,
        threshold: index === 12 ? 0.05 : 1,
        pendingSinceMs: startMs - (minutes + 7) * 60_000,
        activeSinceMs: startMs - (minutes + 6) * 60_000,
        resolvedAtMs: startMs - minutes * 60_000,
        resolveReason: index === 2 ? 'no-data' : 'recovered',
      })
    }
    // Large swarms: one rule that many agents break at once.
    for (let index = 20; index < Math.min(count, 400) && count >= 100; index += 9) {
      add(index, {
        rule: 'event-loop',
        severity: 'warning',
        summary: 'The event loop is nearly full',
        unit: '1',
        value: 0.86,
        threshold: 0.8,
        activeSinceMs: startMs - 60_000 - index * 100,
      })
    }
    return alerts
  }

  function hostileAlert(nowMs: number): Alert {
    return {
      id: 'hostile',
      fingerprint: 'hostile',
      rule: '<script>window.attacked = true</script>',
      severity: 'critical',
      state: 'active',
      labels: { agent: '<i>', agent_id: ids[0] ?? '', swarm: '<b>' },
      summary: hostileNames[0] ?? '',
      unit: '<i>x</i>',
      value: 5,
      threshold: 3,
      pendingSinceMs: nowMs - 90_000,
      activeSinceMs: nowMs - 60_000,
      resolvedAtMs: null,
      resolveReason: null,
      updatedAtMs: nowMs,
    }
  }

  function healthAt(nowMs: number, alerts: readonly Alert[]): SwarmHealth {
    const agents = { total: count, active: 0, idle: 0, busy: 0, error: 0, offline: 0, left: 0 }
    let requestRate = 0
    let weighted = 0
    let failed = 0
    for (const index of places) {
      agents[statusOf(index)]++
      const rate = vitalOf(index, 'requestRate', nowMs) ?? 0
      requestRate += rate
      weighted += rate * (vitalOf(index, 'responseTime', nowMs) ?? 0)
      failed += rate * (vitalOf(index, 'errorRate', nowMs) ?? 0)
    }
    const open = (severity: Alert['severity']) =>
      alerts.filter((alert) => alert.state === 'active' && alert.severity === severity).length
    const critical = open('critical')
    const warning = open('warning')
    const score = Math.max(4, 100 - critical * 14 - warning * 5)
    return {
      score,
      band: critical > 0 ? 'critical' : warning > 0 ? 'warning' : 'good',
      reasons:
        scenario === 'problems'
          ? [
              `${roleOf(1)} in ${agentOf(1, nowMs).swarm} fails 38 % of its requests and answers in 5.3 s.`,
              `${roleOf(4)} stopped reporting 95 s ago without saying goodbye.`,
              `CPU of ${roleOf(3)} has been above 90 % for 3 min.`,
              `Memory of ${roleOf(5)} grows; at this pace it is full in 6 min.`,
            ]
          : [],
      agents,
      alerts: { critical, warning, pending: alerts.filter((alert) => alert.state === 'pending').length },
      requestRate,
      responseTime: requestRate > 0 ? weighted / requestRate : null,
      errorRate: requestRate > 0 ? failed / requestRate : null,
    }
  }

  function ingestAt(): IngestHealth {
    return {
      samplesPerSecond: count * 31.4,
      series: count * 42,
      droppedPoints: scenario === 'problems' ? 318 : 0,
      storeBytes: 48_200_000 + count * 91_000,
    }
  }

  return {
    snapshot(nowMs) {
      const alerts = alertsAt(nowMs)
      return {
        type: 'snapshot',
        nowMs,
        health: healthAt(nowMs, alerts),
        ingest: ingestAt(),
        agents: places.map((index) => agentOf(index, nowMs)),
        sparklines: Object.fromEntries(places.map((index) => [ids[index] ?? '', sparklinesOf(index, nowMs)])),
        alerts,
      }
    },
    update(nowMs) {
      const alerts = alertsAt(nowMs)
      const second = Math.floor(nowMs / 1000)
      const reporting = places.filter((index) => {
        const trouble = troubleOf(index)
        return trouble !== 'gone' && trouble !== 'quitter' && chance(index, second, 15) < share
      })
      const column = (vital: VitalName) =>
        reporting.map((index) => {
          const value = vitalOf(index, vital, nowMs)
          return value === null ? null : Math.round(value * 1e4) / 1e4
        })
      const vitals: VitalColumns = {
        agents: reporting.map((index) => ids[index] ?? ''),
        lastSeenMs: reporting.map((index) => lastSeen(index, nowMs)),
        status: reporting.map(statusOf),
        cpu: column('cpu'),
        memory: column('memory'),
        responseTime: column('responseTime'),
        errorRate: column('errorRate'),
        activeConnections: column('activeConnections'),
        requestRate: column('requestRate'),
        eventLoop: column('eventLoop'),
      }
      return {
        type: 'metrics:update',
        nowMs,
        health: healthAt(nowMs, alerts),
        ingest: ingestAt(),
        vitals,
        agents: [],
        removedAgents: [],
        alerts: alerts.filter((alert) => alert.state !== 'resolved'),
      }
    },
    vitalAt(agentId, vital, timeMs) {
      const index = placeOf.get(agentId)
      return index === undefined ? null : vitalOf(index, vital, timeMs)
    },
    agentIds: () => [...ids],
  }
}

/** Names that have broken other dashboards. */
const hostileNames = [
  '<img src=x onerror="window.attacked=true">',
  '"><script>window.attacked=true</script>',
  '\u202Egnp.exe \u202Dreversed',
  'عامل البحث العميق في المستودع',
  `${'W'.repeat(10_000)}`,
  '👩‍👩‍👧‍👦'.repeat(80),
  'line\nbreak\ttab\u0000nul',
  '',
  '__proto__',
  'constructor',
  'zalgo Ḧ̵̡̛̙̰͔͇̗̤͈̙̫̪́͗̈́̊̈́̂͂͝e̷̟̓ comes',
  'javascript:alert(1)',
] as const

/** A number in 0–1 that depends on nothing but its arguments. */
function hashed(...parts: number[]): number {
  let hash = 2_166_136_261
  for (const part of parts) {
    hash = Math.imul(hash ^ (part | 0), 2_654_435_761)
    hash ^= hash >>> 15
    hash = Math.imul(hash, 2_246_822_519)
    hash ^= hash >>> 13
  }
  return (hash >>> 0) / 2 ** 32
}
