/**
 * `gpt-5-2025-08-07`, `claude-sonnet-4-5-20250929`, `gemini-2.0-flash-001` and `-latest` cost what the name before
 * costs.
 */
const version = /[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|00\d|latest)$/
/** `openai/gpt-5`, as gateways write it, and Google's `models/gemini-2.5-pro`. */
const vendor = /^[\w.-]+\//

export const withoutVersion = (model: string): string => model.replace(version, '')
export const withoutVendor = (model: string): string => model.replace(vendor, '')
