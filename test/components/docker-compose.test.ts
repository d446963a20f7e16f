import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { collectorVersion } from './collector-manifest.ts'
import { collectorConfig } from './start-collector.ts'

interface Service {
  readonly image: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: object
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8')
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, null>>
}
const services = Object.entries(compose.services)
const dockerfileOf = ({ build }: Service) => (build ? read(`${build.context}/${build.dockerfile}`) : '')

/** No Docker engine is needed, and none has run this file: what can be checked without one is checked. */
describe('docker-compose.yml', () => {
  test.each(services)('%s publishes on loopback only', (_name, { ports = [] }) => {
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  })

  test.each(services)('%s has pinned images', (_name, service) => {
    const bases = [...dockerfileOf(service).matchAll(/^FROM (\S+)/gm)].map(([, base = '']) => base)
    for (const image of [service.image, ...bases]) expect(image).toMatch(/:v?\d+\.\d+\.\d+(-\w+)?$/)
  })

  test.each(services)(
    '%s mounts files that exist and volumes that are declared',
    (_name, { volumes = [] }) => {
      for (const volume of volumes) {
        const [source = ''] = volume.split(':')
        if (source.startsWith('./')) expect(existsSync(`${root}${source}`), source).toBe(true)
        else expect(compose.volumes).toHaveProperty(source)
      }
    },
  )

  test.each(services)('%s has a health check', (_name, service) => {
    expect(service.healthcheck !== undefined || dockerfileOf(service).includes('\nHEALTHCHECK ')).toBe(true)
  })

  test.each(services.filter(([, { build }]) => build))(
    '%s is built from files that exist',
    (_name, service) => {
      const copied = [...dockerfileOf(service).matchAll(/^COPY (?!--from)(\S+)/gm)].map(
        ([, path = '']) => path,
      )
      for (const path of copied)
        expect(existsSync(`${root}${service.build?.context}/${path}`), path).toBe(true)
    },
  )

  test('the aggregator listens beyond loopback only with a token, and runs as an ordinary user', () => {
    const { aggregator } = compose.services
    expect(aggregator?.environment).toMatchObject({ PERFMON_HOST: '0.0.0.0' })
    expect(aggregator?.environment?.PERFMON_TOKEN).toContain('${PERFMON_TOKEN:?')
    expect(read('deploy/Dockerfile')).toContain('\nUSER node\n')
  })

  test('the collector gets only variables that its configuration reads, in the version that is tested', () => {
    const config = readFileSync(collectorConfig, 'utf8')
    const names = Object.keys(compose.services.collector?.environment ?? {})
    for (const name of names.filter((one) => one.startsWith('PERFMON_'))) {
      expect(config).toContain(`\${env:${name}:-`)
    }
    expect(read('deploy/collector.Dockerfile')).toContain(
      `opentelemetry-collector-contrib:${collectorVersion}\n`,
    )
  })

  test("Grafana's provisioning points at the dashboards' mount and at the data source's variable", () => {
    const { options } = parse(read('grafana/provisioning/dashboards/perfmon.yaml')).providers[0]
    const { grafana } = compose.services
    expect(grafana?.volumes).toContain(`./grafana/dashboards:${options.path}:ro`)
    const { url } = parse(read('grafana/provisioning/datasources/prometheus.yaml')).datasources[0]
    expect(url).toMatch(/^\$\{PROMETHEUS_URL\}$/)
    expect(grafana?.environment).toHaveProperty('PROMETHEUS_URL')
  })
})
