import type {
  AbsenceRule,
  Agent,
  Alert,
  EventBody,
  ResolveReason,
  Rule,
  Series,
  Severity,
  ThresholdRule,
} from '@perfmon/protocol'
import { seriesKey } from '../receive/series-key.ts'
import { allowedSilenceMs, replacedAgents, silenceMs } from './absence.ts'
import { alertRecord, fingerprintOf, summaryOf } from './alert-record.ts'
import { createOpenAlerts } from './open-alerts.ts'
import { coversAgent, coversSeries, type ScopedAgent } from './rule-scope.ts'
import { createThresholdStates, type Level, staleAfterMs, type ThresholdStep } from './threshold-states.ts'

/** What a decision changes: the alert as it is now and, when somebody should hear of it, the event. */
export interface AlertChange {
  readonly alert: Alert
  readonly event: EventBody | null
}

export interface EvaluatorOptions {
  readonly rules: readonly Rule[]
  /** Pending and active alerts as last stored: their `for` and their notifications are not begun again. */
  readonly openAlerts: readonly Alert[]
  /** Most (rule, series) pairs watched; beyond it new ones are not bound and counted. */
  readonly maxBindings: number
}

export interface Evaluator {
  /** Lets the rules that cover a series watch it. Call once per series, before its first sample. */
  bind(series: Series, agent: ScopedAgent): void
  /** Judges one sample. Changes are appended to `changes`. */
  observe(seriesId: number, timeMs: number, value: number, nowMs: number, changes: AlertChange[]): void
  /** Judges what no sample tells: absence, and series that went stale. Call about once a second. */
  sweep(agents: readonly Agent[], nowMs: number, listeningSinceMs: number, changes: AlertChange[]): void
  /** Stops watching all series of an agent that is no longer kept. */
  forget(agentId: string, nowMs: number, changes: AlertChange[]): void
  readonly stats: { readonly bindings: number; readonly unboundSeries: number; readonly openAlerts: number }
}

interface Binding {
  readonly rule: ThresholdRule
  readonly agent: ScopedAgent
  readonly slot: number
  readonly identity: string
  readonly seriesLabels: Readonly<Record<string, string>>
  readonly fingerprint: string
}

const severityOf = (level: Level): Severity => (level === 2 ? 'critical' : 'warning')
const levelOf = (severity: Severity): Level => (severity === 'critical' ? 2 : 1)

/** An active alert whose value moved is written again at most this often: its history is in the samples. */
const refreshAfterMs = 5_000

/**
 * Rules over streams of samples. The state of every threshold lives in columns (see `threshold-states.ts`);
 * objects are made only when an alert changes.
 */
export function createEvaluator({ rules, openAlerts, maxBindings }: EvaluatorOptions): Evaluator {
  const thresholds = rules.filter((rule): rule is ThresholdRule => rule.kind === 'threshold')
  const absences = rules.filter((rule): rule is AbsenceRule => rule.kind === 'absence')
  const states = createThresholdStates()
  const bindings = new Map<number, Binding[]>()
  const seriesOfAgent = new Map<string, number[]>()
  const open = createOpenAlerts(openAlerts)
  // Of the bindings, those whose alert is open: what the sweep looks at.
  const openBindings = new Map<string, Binding>()
  let isFirstSweep = true
  let bound = 0
  let unboundSeries = 0

  function close(alert: Alert, reason: ResolveReason, nowMs: number, changes: AlertChange[]) {
    open.remove(alert)
    openBindings.delete(alert.fingerprint)
    const closed: Alert = {
      ...alert,
      state: 'resolved',
      resolvedAtMs: nowMs,
      resolveReason: reason,
      updatedAtMs: nowMs,
    }
    // A pending alert that ends was never told to anybody: it leaves without an event.
    const event: EventBody | null =
      alert.state === 'active' ? { type: 'alert-resolved', alert: closed, reason } : null
    changes.push({ alert: closed, event })
  }

  function change(
    binding: Binding,
    step: ThresholdStep,
    timeMs: number,
    value: number,
    nowMs: number,
    changes: AlertChange[],
  ) {
    const known = open.get(binding.fingerprint)
    if (step === 'recovered' || step === 'withdrawn') {
      if (known) close({ ...known, value }, 'recovered', nowMs, changes)
      return
    }
    const level = states.level(binding.slot)
    const severity = level > 0 ? severityOf(level) : binding.rule.warning ? 'warning' : 'critical'
    const breachedSinceMs = states.breachedSinceMs(binding.slot)
    const alert = alertRecord({
      rule: binding.rule,
      agent: binding.agent,
      identity: binding.identity,
      seriesLabels: binding.seriesLabels,
      severity,
      state: level > 0 ? 'active' : 'pending',
      value,
      threshold: (severity === 'critical' ? binding.rule.critical : binding.rule.warning)?.value ?? null,
      unit: binding.rule.unit,
      pendingSinceMs: known?.pendingSinceMs ?? (Number.isNaN(breachedSinceMs) ? timeMs : breachedSinceMs),
      activeSinceMs: level > 0 ? (known?.activeSinceMs ?? nowMs) : null,
      nowMs,
    })
    open.put(alert)
    openBindings.set(alert.fingerprint, binding)
    if (step === 'raised') changes.push({ alert, event: { type: 'alert-active', alert } })
    else if (step === 'worsened')
      changes.push({ alert, event: { type: 'alert-severity', alert, from: 'warning' } })
    else changes.push({ alert, event: null })
  }

  function refresh(binding: Binding, value: number, nowMs: number, changes: AlertChange[]) {
    const known = open.get(binding.fingerprint)
    if (!known || known.value === value || nowMs - known.updatedAtMs < refreshAfterMs) return
    // While it recovers the sentence keeps the last bad value: "fails 0 % of its requests" explains nothing.
    const { rule, agent } = binding
    const limit = (rule.warning ?? rule.critical)!.value
    const isBad = rule.direction === 'above' ? value > limit : value < limit
    const summary = isBad ? summaryOf(rule, agent, value, known.threshold, known.unit) : known.summary
    const alert: Alert = { ...known, value, summary, updatedAtMs: nowMs }
    open.put(alert)
    changes.push({ alert, event: null })
  }

  function sweepAbsence(
    rule: AbsenceRule,
    agent: Agent,
    replaced: boolean,
    nowMs: number,
    listeningSinceMs: number,
    changes: AlertChange[],
  ) {
    const fingerprint = fingerprintOf(rule.name, agent.id, '')
    const known = open.get(fingerprint)
    const silentMs = silenceMs({ agent, nowMs, listeningSinceMs })
    const isLate = agent.status === 'offline' || silentMs > allowedSilenceMs(rule, agent)
    if (agent.status === 'left' || replaced) {
      if (known) close(known, 'agent-left', nowMs, changes)
    } else if (!isLate) {
      // Not heard again yet, only not late by the clock of a restarted aggregator: the alert stays.
      if (known && agent.lastSeenMs > known.pendingSinceMs) close(known, 'recovered', nowMs, changes)
    } else if (!known) {
      const alert = alertRecord({
        rule,
        agent,
        identity: '',
        seriesLabels: {},
        severity: rule.severity,
        state: 'active',
        value: silentMs / 1_000,
        threshold: allowedSilenceMs(rule, agent) / 1_000,
        unit: 's',
        pendingSinceMs: nowMs,
        activeSinceMs: nowMs,
        nowMs,
      })
      open.put(alert)
      changes.push({ alert, event: { type: 'alert-active', alert } })
    }
  }

  /**
   * Alerts from before the start that nothing watches any more would stay for ever: their agent was forgotten
   * meanwhile, or their rule is gone or looks elsewhere now. Known agents and series are bound before the first sweep.
   */
  function closeOrphans(agents: readonly Agent[], nowMs: number, changes: AlertChange[]) {
    const known = new Map(agents.map((agent) => [agent.id, agent]))
    for (const alert of open.all()) {
      const agent = known.get(alert.labels.agent_id ?? '')
      const absence = absences.find((rule) => rule.name === alert.rule)
      const isWatched =
        openBindings.has(alert.fingerprint) || (agent && absence && coversAgent(absence, agent))
      if (!isWatched) close(alert, agent ? 'rule-removed' : 'agent-left', nowMs, changes)
    }
  }

  return {
    bind(series, agent) {
      for (const rule of thresholds) {
        if (!coversAgent(rule, agent) || !coversSeries(rule, series)) continue
        if (bound >= maxBindings) {
          unboundSeries += 1
          return
        }
        const seriesLabels: Record<string, string> = {}
        for (const [key, value] of Object.entries(series.attributes)) {
          seriesLabels[key.replaceAll(/[^A-Za-z0-9_]/g, '_')] = String(value)
        }
        const identity = seriesKey(series)
        const fingerprint = fingerprintOf(rule.name, agent.id, identity)
        const binding: Binding = { rule, agent, identity, seriesLabels, fingerprint, slot: states.claim() }
        const known = open.get(fingerprint)
        if (known) {
          openBindings.set(fingerprint, binding)
          const level = known.state === 'active' ? levelOf(known.severity) : 0
          const { pendingSinceMs, updatedAtMs: lastTimeMs } = known
          states.restore(binding.slot, { level, pendingSinceMs, lastTimeMs })
        }
        const sameSeries = bindings.get(series.id)
        if (sameSeries) sameSeries.push(binding)
        else bindings.set(series.id, [binding])
        bound += 1
        const ofAgent = seriesOfAgent.get(agent.id)
        if (!ofAgent) seriesOfAgent.set(agent.id, [series.id])
        else if (ofAgent.at(-1) !== series.id) ofAgent.push(series.id)
      }
    },

    observe(seriesId, timeMs, value, nowMs, changes) {
      const watching = bindings.get(seriesId)
      if (!watching || Number.isNaN(value)) return
      for (const binding of watching) {
        const step = states.step(binding.slot, binding.rule, timeMs, value, nowMs)
        if (step !== 'nothing') change(binding, step, timeMs, value, nowMs, changes)
        else if (states.level(binding.slot) > 0) refresh(binding, value, nowMs, changes)
      }
    },

    sweep(agents, nowMs, listeningSinceMs, changes) {
      if (isFirstSweep) {
        isFirstSweep = false
        closeOrphans(agents, nowMs, changes)
      }
      const replaced = replacedAgents(agents)
      for (const rule of absences) {
        for (const agent of agents) {
          if (coversAgent(rule, agent))
            sweepAbsence(rule, agent, replaced.has(agent.id), nowMs, listeningSinceMs, changes)
        }
      }
      const left = new Set(agents.filter(({ status }) => status === 'left').map(({ id }) => id))
      for (const [fingerprint, { slot, agent }] of openBindings) {
        const hasLeft = left.has(agent.id)
        const heardMs = states.heardMs(slot)
        const lastMs = Number.isNaN(heardMs) ? listeningSinceMs : heardMs
        // Who said goodbye sends no sample that could end its alerts.
        if (!hasLeft && nowMs - lastMs <= staleAfterMs) continue
        states.restore(slot, { level: 0, pendingSinceMs: Number.NaN, lastTimeMs: Number.NaN })
        const known = open.get(fingerprint)
        if (known) close(known, hasLeft ? 'agent-left' : 'no-data', nowMs, changes)
      }
    },

    forget(agentId, nowMs, changes) {
      for (const seriesId of seriesOfAgent.get(agentId) ?? []) {
        for (const binding of bindings.get(seriesId) ?? []) {
          states.release(binding.slot)
          bound -= 1
        }
        bindings.delete(seriesId)
      }
      seriesOfAgent.delete(agentId)
      for (const alert of open.ofAgent(agentId)) close(alert, 'agent-left', nowMs, changes)
    },

    get stats() {
      return { bindings: bound, unboundSeries, openAlerts: open.size }
    },
  }
}
