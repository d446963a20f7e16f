/** Replaced by the build with the version of package.json. */
declare const PERFMON_PROBE_VERSION: string

export const probeVersion = typeof PERFMON_PROBE_VERSION === 'string' ? PERFMON_PROBE_VERSION : '0.0.0'
