/** Deeper schemas get `null`: a schema may refer to itself. */
const maxDepth = 8

/**
 * A value that fits a JSON schema, as a model would fill it in: texts are about the topic, numbers are the
 * smallest allowed. Patterns are not understood.
 *
 * @param {any} schema JSON schema, `$ref` only to `#/$defs/…` or `#/definitions/…`
 * @param {string} topic what the conversation is about
 */
export function sampleValue(schema, topic) {
  return sample({ schema, name: '', topic, root: schema, depth: 0 })
}

function sample({ schema, name, topic, root, depth }) {
  if (schema === null || typeof schema !== 'object' || depth > maxDepth) return null
  const inner = (next, nextName = name) =>
    sample({ schema: next, name: nextName, topic, root, depth: depth + 1 })

  if (typeof schema.$ref === 'string') return inner(definition(root, schema.$ref))
  if (schema.const !== undefined) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0] ?? null
  if (schema.default !== undefined) return schema.default
  const choices = schema.anyOf ?? schema.oneOf
  if (Array.isArray(choices)) return inner(choices.find((choice) => choice?.type !== 'null'))
  if (Array.isArray(schema.allOf)) return Object.assign({}, ...schema.allOf.map((part) => inner(part)))

  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== 'null') : schema.type
  switch (type) {
    case 'string':
      return sampleText(schema, name, topic)
    case 'integer':
    case 'number':
      return schema.minimum ?? (schema.exclusiveMinimum ?? 0) + 1
    case 'boolean':
      return true
    case 'array':
      return Array.from({ length: Math.min(Math.max(schema.minItems ?? 1, 1), 10) }, () =>
        inner(schema.items),
      )
    case 'null':
      return null
    default:
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([key]) => !Array.isArray(schema.required) || schema.required.includes(key))
          .map(([key, property]) => [key, inner(property, key)]),
      )
  }
}

function definition(root, reference) {
  const [, place, key] = /^#\/(\$defs|definitions)\/(.+)$/.exec(reference) ?? []
  return place === undefined ? null : root?.[place]?.[key]
}

function sampleText(schema, name, topic) {
  const slug =
    topic
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, 40) || 'notes'
  let text = topic
  if (schema.format === 'uri' || /ur[il]/i.test(name)) text = `https://example.com/${slug}`
  else if (schema.format === 'date') text = '2026-01-01'
  else if (schema.format === 'date-time') text = '2026-01-01T00:00:00Z'
  else if (/path|file/i.test(name)) text = `docs/${slug}.md`
  else if (/(^|_)id$|Id$/.test(name)) text = slug
  return text.slice(0, schema.maxLength ?? 200).padEnd(schema.minLength ?? 0, '.')
}
