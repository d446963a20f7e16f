/**
 * Nested attribute values become JSON text, built as they are read: no object, so no `__proto__`. The forms
 * are OpenTelemetry's for protocols without nested values (specification/common, "AnyValue representation
 * for non-OTLP protocols"): bytes are base64, a number that JSON lacks is its name in a string, an empty
 * value is null inside others and the empty string alone.
 */
export const attributeJson = {
  empty: 'null',
  text: (value: string): string => JSON.stringify(value),
  number: (value: number): string => (Number.isFinite(value) ? String(value) : `"${value}"`),
  boolean: (value: boolean): string => (value ? 'true' : 'false'),
  array: (items: readonly string[]): string => `[${items.join(',')}]`,
  entry: (key: string, value: string): string => `${JSON.stringify(key)}:${value}`,
  object: (entries: readonly string[]): string => `{${entries.join(',')}}`,
} as const
