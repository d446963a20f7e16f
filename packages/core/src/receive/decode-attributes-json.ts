import type { AttributeValue } from '@perfmon/protocol'
import { attributeJson } from './decode-attribute-json.ts'
import { canonicalBase64 } from './decode-base64.ts'
import {
  integerRange,
  type JsonObject,
  type JsonPlace,
  malformed,
  readArray,
  readFlag,
  readInteger,
  readNumber,
  readObject,
  readText,
} from './decode-json-values.ts'
import { decodeLimits } from './decode-limits.ts'
import { type AttributeList, MalformedBody } from './metric-sink.ts'

const noAttributes: AttributeList = []

export function readAttributes(place: JsonPlace, value: unknown): AttributeList {
  const entries = readArray(place, 'attributes', value)
  if (entries.length === 0) return noAttributes
  if (entries.length > decodeLimits.attributes) {
    throw malformed(place, 'attributes', `at most ${decodeLimits.attributes} long`)
  }
  const list: [string, AttributeValue][] = []
  place.push('attributes')
  for (let index = 0; index < entries.length; index++) {
    const entry = readObject(place, index, entries[index])
    place.push(index)
    list.push([readText(place, 'key', entry?.key), readAnyValue(place, entry?.value)])
    place.length -= 1
  }
  place.length -= 1
  return list
}

function readAnyValue(place: JsonPlace, value: unknown): AttributeValue {
  const fields = readObject(place, 'value', value)
  if (fields === undefined) return ''
  if (typeof fields.stringValue === 'string') return fields.stringValue
  place.push('value')
  const plain = readPlain(place, fields) ?? readNested(place, fields, 1) ?? ''
  place.length -= 1
  return plain
}

function readPlain(place: JsonPlace, fields: JsonObject): AttributeValue | undefined {
  if (isSet(fields.stringValue)) return readText(place, 'stringValue', fields.stringValue)
  if (isSet(fields.boolValue)) return readFlag(place, 'boolValue', fields.boolValue)
  if (isSet(fields.intValue)) return readInteger(place, 'intValue', fields.intValue, integerRange.int64)
  if (isSet(fields.doubleValue)) return readNumber(place, 'doubleValue', fields.doubleValue)
  if (!isSet(fields.bytesValue)) return undefined
  const base64 = canonicalBase64(readText(place, 'bytesValue', fields.bytesValue))
  if (base64 === undefined) throw malformed(place, 'bytesValue', 'base64')
  return base64
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null

function readNested(place: JsonPlace, fields: JsonObject, depth: number): string | undefined {
  const array = readObject(place, 'arrayValue', fields.arrayValue)
  const list = readObject(place, 'kvlistValue', fields.kvlistValue)
  if (array === undefined && list === undefined) return undefined
  if (depth > decodeLimits.nesting) {
    throw new MalformedBody(`An attribute value is nested more than ${decodeLimits.nesting} deep.`)
  }
  const field = array === undefined ? 'kvlistValue' : 'arrayValue'
  place.push(field)
  const values = readArray(place, 'values', (array ?? list)?.values)
  place.push('values')
  const texts = values.map((value, index) => {
    const object = readObject(place, index, value)
    place.push(index)
    const text =
      array === undefined
        ? attributeJson.entry(
            readText(place, 'key', object?.key),
            readNestedValue(place, readObject(place, 'value', object?.value), depth + 1),
          )
        : readNestedValue(place, object, depth + 1)
    place.length -= 1
    return text
  })
  place.length -= 2
  return array === undefined ? attributeJson.object(texts) : attributeJson.array(texts)
}

function readNestedValue(place: JsonPlace, fields: JsonObject | undefined, depth: number): string {
  if (fields === undefined) return attributeJson.empty
  const plain = readPlain(place, fields)
  if (typeof plain === 'string') return attributeJson.text(plain)
  if (typeof plain === 'number') return attributeJson.number(plain)
  if (typeof plain === 'boolean') return attributeJson.boolean(plain)
  return readNested(place, fields, depth) ?? attributeJson.empty
}
