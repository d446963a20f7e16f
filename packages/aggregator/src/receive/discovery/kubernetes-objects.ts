import { z } from 'zod'
import { AddressError, agentAddresses } from './agent-addresses.ts'
import { attributesOfLabels, type Target } from './target.ts'

/** How the agents of an object are reached. */
export interface KubernetesPlace {
  /** Name or number of the port; absent: the first that the object names. */
  readonly port: string | number | undefined
  readonly scheme: 'ws' | 'wss'
  readonly path: string
  /** Label of the pod or slice whose value is the swarm. */
  readonly swarmLabel: string
}

export interface KubernetesTarget extends Target {
  /** The pod, when it is known: one that has two addresses is one agent. */
  readonly pod: string | undefined
  readonly isIpv6: boolean
}

const metadataSchema = z.object({
  name: z.string(),
  namespace: z.string().default('default'),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  labels: z.record(z.string(), z.string()).nullish(),
  deletionTimestamp: z.string().nullish(),
})

/** The parts that are read of `discovery.k8s.io/v1` EndpointSlice. */
const sliceSchema = z.object({
  metadata: metadataSchema,
  addressType: z.string(),
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()),
        conditions: z
          .object({ serving: z.boolean().nullish(), terminating: z.boolean().nullish() })
          .nullish(),
        nodeName: z.string().nullish(),
        targetRef: z.object({ kind: z.string().nullish(), name: z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
  ports: z.array(z.object({ name: z.string().nullish(), port: z.number().nullish() })).nullish(),
})

/** The parts that are read of `v1` Pod. */
const podSchema = z.object({
  metadata: metadataSchema,
  spec: z
    .object({
      nodeName: z.string().nullish(),
      containers: z
        .array(
          z.object({
            ports: z.array(z.object({ name: z.string().nullish(), containerPort: z.number() })).nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
  status: z.object({ phase: z.string().nullish(), podIP: z.string().nullish() }).nullish(),
})

/**
 * The agents of an EndpointSlice. Those that are not ready too: a pod that fails its checks is one to watch. One that
 * is ending and no longer serves is gone.
 *
 * @throws ZodError when it is none
 */
export function targetsOfSlice(object: unknown, place: KubernetesPlace): KubernetesTarget[] {
  const { metadata, addressType, endpoints, ports } = sliceSchema.parse(object)
  const isIpv6 = addressType === 'IPv6'
  if (!isIpv6 && addressType !== 'IPv4') return []
  const named = (ports ?? []).map(({ name, port }) => ({ name, port: port ?? undefined }))
  const port = chosenPort(named, place.port)
  return (endpoints ?? []).flatMap(({ addresses, conditions, nodeName, targetRef }) => {
    if (conditions?.terminating === true && conditions.serving !== true) return []
    const pod = targetRef?.kind === 'Pod' ? (targetRef.name ?? undefined) : undefined
    // All addresses of one endpoint are the same pod.
    return targetAt({ host: addresses[0], port, isIpv6, pod, node: nodeName, metadata, place })
  })
}

/**
 * The agent of a Pod, as long as it runs.
 *
 * @throws ZodError when it is none
 */
export function targetsOfPod(object: unknown, place: KubernetesPlace): KubernetesTarget[] {
  const { metadata, spec, status } = podSchema.parse(object)
  if (status?.phase !== 'Running' || metadata.deletionTimestamp) return []
  const named = (spec?.containers ?? []).flatMap(({ ports }) =>
    (ports ?? []).map(({ name, containerPort }) => ({ name, port: containerPort })),
  )
  const host = status.podIP ?? undefined
  // A number need not be declared: what a container listens to is its own matter.
  const port = typeof place.port === 'number' ? place.port : chosenPort(named, place.port)
  const isIpv6 = host?.includes(':') === true
  return targetAt({ host, port, isIpv6, pod: metadata.name, node: spec?.nodeName, metadata, place })
}

function chosenPort(
  ports: readonly { name?: string | null | undefined; port: number | undefined }[],
  wanted: string | number | undefined,
): number | undefined {
  if (wanted === undefined) return ports[0]?.port
  return ports.find(({ name, port }) => name === wanted || port === wanted)?.port
}

function targetAt(found: {
  host: string | undefined
  port: number | undefined
  isIpv6: boolean
  pod: string | undefined
  node: string | null | undefined
  metadata: z.output<typeof metadataSchema>
  place: KubernetesPlace
}): KubernetesTarget[] {
  const { host, port, isIpv6, pod, node, metadata, place } = found
  if (host === undefined || port === undefined) return []
  const labels = attributesOfLabels({
    'k8s.namespace.name': metadata.namespace,
    'k8s.pod.name': pod ?? '',
    'k8s.node.name': node ?? '',
    swarm: metadata.labels?.[place.swarmLabel] ?? '',
  })
  try {
    const [url] = agentAddresses(`${place.scheme}://${isIpv6 ? `[${host}]` : host}:${port}${place.path}`, 1)
    return [{ url: url!, labels, pod: pod && `${metadata.namespace}/${pod}`, isIpv6 }]
  } catch (error) {
    if (error instanceof AddressError) return []
    throw error
  }
}
