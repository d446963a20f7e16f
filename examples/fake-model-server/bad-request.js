/** The client's mistake: answered with this status and, as JSON, what is wrong and how to put it right. */
export class BadRequest extends Error {
  /** @param {string} message @param {number} [status] */
  constructor(message, status = 400) {
    super(message)
    this.name = 'BadRequest'
    this.status = status
  }
}

/**
 * @param {any} body a parsed request body
 * @param {string} field
 * @returns {any[]}
 */
export function requireMessages(body, field) {
  const list = body[field]
  if (!Array.isArray(list) || list.length === 0) {
    throw new BadRequest(`"${field}" must be a list with at least one message`)
  }
  const wrong = list.findIndex((item) => item === null || typeof item !== 'object')
  if (wrong !== -1) throw new BadRequest(`"${field}[${wrong}]" must be an object`)
  return list
}

/** @param {any} body */
export function requireModel(body) {
  if (typeof body.model !== 'string' || body.model === '') {
    throw new BadRequest('"model" must name a model; any name will do, for example "gpt-5-mini"')
  }
  return body.model
}

/** @param {any} value @param {string} field */
export function optionalTokenLimit(value, field) {
  if (value === undefined || value === null) return Number.POSITIVE_INFINITY
  if (!Number.isInteger(value) || value < 1) throw new BadRequest(`"${field}" must be a whole number from 1`)
  return value
}

/**
 * @param {any} value
 * @param {string} field
 * @returns {any[]}
 */
export function optionalList(value, field) {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new BadRequest(`"${field}" must be a list`)
  return value
}
