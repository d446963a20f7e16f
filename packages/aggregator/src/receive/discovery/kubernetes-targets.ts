import { z } from 'zod'
import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import { reconnectDelayMs } from '../reconnect-delay.ts'
import type { DiscoverySource } from './discovery-source.ts'
import { type KubernetesApi, KubernetesError } from './kubernetes-api.ts'
import {
  type KubernetesPlace,
  type KubernetesTarget,
  targetsOfPod,
  targetsOfSlice,
} from './kubernetes-objects.ts'
import { mostTargets, type Target } from './target.ts'

export interface KubernetesTargetsOptions {
  readonly api: KubernetesApi
  readonly role: 'endpointslices' | 'pods'
  /** Absent: all of them. */
  readonly namespace: string | undefined
  /** A label selector, `app=agent,tier!=test`. */
  readonly selector: string
  readonly place: KubernetesPlace
  readonly clock: Clock
  readonly logger: Logger
  /** Longest wait between two attempts; default half a minute. */
  readonly longestWaitMs?: number
}

const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().nullish() }),
  items: z.array(z.unknown()).nullish(),
})
const eventSchema = z.object({
  type: z.string(),
  object: z.object({
    metadata: z
      .object({
        resourceVersion: z.string().optional(),
        name: z.string().optional(),
        namespace: z.string().optional(),
      })
      .nullish(),
    code: z.number().optional(),
    message: z.string().optional(),
  }),
})
const pageSize = 500
/** How long the server keeps a watch open before it ends it: a proxy in between that forgot the connection is noticed. */
const watchSeconds = 290
/** A rollout changes many objects in one breath. */
const settleMs = 100

/**
 * Agents in a Kubernetes cluster: lists the objects once and then watches what changes
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes). A version that the server
 * no longer has (410) is answered with a new list, any other failure with a growing wait and the same version; until
 * then what was known stays.
 */
export function kubernetesTargets(options: KubernetesTargetsOptions): DiscoverySource {
  const { api, role, namespace, selector, place, clock, logger, longestWaitMs = 30_000 } = options
  const counts = { failures: 0, leftOut: 0 }
  const group = role === 'pods' ? '/api/v1' : '/apis/discovery.k8s.io/v1'
  const path = `${group}/${namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`}${role}`
  const read = role === 'pods' ? targetsOfPod : targetsOfSlice

  function query(parameters: Record<string, string>): string {
    return `${path}?${new URLSearchParams({ labelSelector: selector, ...parameters })}`
  }

  function watch(onTargets: (targets: readonly Target[]) => void): () => void {
    const stopping = new AbortController()
    const { signal } = stopping
    let objects = new Map<string, KubernetesTarget[]>()
    let version: string | undefined
    let failuresInARow = 0
    let lastComplaint: string | undefined
    let soon: NodeJS.Timeout | undefined

    function tell() {
      soon = undefined
      const { targets, leftOut } = onePerPod(objects.values())
      counts.leftOut = leftOut
      onTargets(targets)
    }

    function take(into: Map<string, KubernetesTarget[]>, object: unknown) {
      const { metadata } = z
        .object({ metadata: z.object({ namespace: z.string().optional(), name: z.string() }) })
        .parse(object)
      into.set(`${metadata.namespace}/${metadata.name}`, read(object, place))
    }

    async function list() {
      const found = new Map<string, KubernetesTarget[]>()
      let next: string | undefined
      let listed: string
      do {
        const answer = await api.get(
          query({ limit: String(pageSize), ...(next && { continue: next }) }),
          signal,
        )
        const page = listSchema.parse(answer)
        for (const item of page.items ?? []) take(found, item)
        next = page.metadata.continue || undefined
        listed = page.metadata.resourceVersion
      } while (next && found.size < mostTargets)
      // Not before the last page: a list that broke off is no state to go on from.
      version = listed
      objects = found
      tell()
    }

    function hear(line: unknown) {
      const { type, object } = eventSchema.parse(line)
      if (type === 'ERROR') throw new KubernetesError(object.code ?? 0, object.message ?? 'the watch failed')
      version = object.metadata?.resourceVersion ?? version
      failuresInARow = 0
      if (type === 'BOOKMARK') return
      if (type === 'DELETED') objects.delete(`${object.metadata?.namespace}/${object.metadata?.name}`)
      else take(objects, (line as { object: unknown }).object)
      soon ??= setTimeout(tell, settleMs)
    }

    async function follow() {
      while (!signal.aborted) {
        const beganMs = clock.nowMs()
        try {
          if (version === undefined) await list()
          lastComplaint = undefined
          await api.stream(
            query({
              watch: 'true',
              allowWatchBookmarks: 'true',
              timeoutSeconds: String(watchSeconds),
              resourceVersion: version!,
            }),
            hear,
            signal,
          )
          // A watch that ends as soon as it is open would be asked for without a pause.
          if (clock.nowMs() - beganMs < 1_000) failuresInARow += 1
          else failuresInARow = 0
        } catch (error) {
          if (signal.aborted) return
          failuresInARow += 1
          if (error instanceof KubernetesError && error.status === 410) version = undefined
          else complain(error as Error)
        }
        if (failuresInARow > 0)
          await pause(reconnectDelayMs(failuresInARow, longestWaitMs, clock.random()), signal)
      }
    }

    function complain(error: Error) {
      counts.failures += 1
      if (error.message === lastComplaint) return
      lastComplaint = error.message
      const remedy =
        error instanceof KubernetesError && (error.status === 401 || error.status === 403)
          ? ` Its service account needs the verbs list and watch on ${role}.`
          : ''
      logger.warn(
        { role, namespace, err: error },
        `agents in Kubernetes cannot be listed; the last ones stay.${remedy}`,
      )
    }

    void follow()
    return () => {
      clearTimeout(soon)
      stopping.abort()
    }
  }

  return {
    kind: 'kubernetes',
    name: `${namespace ?? '*'}/${role}?${selector}`,
    watch,
    stats: () => ({ ...counts }),
  }
}

/** A Service with two address families has two slices with the same pods: its IPv4 address stands for a pod. */
function onePerPod(all: Iterable<readonly KubernetesTarget[]>): { targets: Target[]; leftOut: number } {
  const chosen = new Map<string, KubernetesTarget>()
  let leftOut = 0
  for (const found of all) {
    for (const target of found) {
      const key = target.pod ?? target.url
      const known = chosen.get(key)
      if (!known && chosen.size >= mostTargets) leftOut += 1
      else if (!known || (known.isIpv6 && !target.isIpv6)) chosen.set(key, target)
    }
  }
  return { targets: [...chosen.values()].map(({ url, labels }) => ({ url, labels })), leftOut }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
