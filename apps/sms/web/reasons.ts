const REASONS: Readonly<Record<string, string>> = {
  '21211': 'The number is not a valid one.',
  '21265': 'The number cannot receive text messages.',
  '21408': 'Messages to this country are not allowed.',
  '21601': 'The number cannot receive text messages.',
  '21610': 'The recipient has asked not to get messages from us.',
  '21612': 'The carrier cannot reach this number.',
  '21614': 'The number cannot receive text messages.',
  '21617': 'The text is too long.',
  '30003': 'The phone cannot be reached.',
  '30004': 'The recipient blocks our messages.',
  '30005': 'There is no such number.',
  '30006': 'The number is a landline, or its carrier cannot be reached.',
  '30007': 'The carrier took the message for spam.',
  '20003': 'The carrier does not know this service. Tell whoever runs it.',
  ERR_TIMEOUT: 'The carrier did not answer in time.',
  ERR_POISONED_JOB: 'Something went wrong here, several times. Tell whoever runs this service.',
  ERR_CARRIER_CONNECTION: 'The carrier could not be reached.',
  ERR_CARRIER_ANSWER: 'The carrier gave an answer that makes no sense.',
}

/** Why a message did not go out, or not yet, in plain words. */
export function reason(code: string): string {
  const known = REASONS[code]
  if (known !== undefined) return known
  if (/^(ERR_CARRIER_5\d\d|20503)$/.test(code)) return 'The carrier is having trouble.'
  if (/^(ERR_CARRIER_40[13])$/.test(code)) return REASONS['20003']!
  return `The carrier did not take it (${code}).`
}
