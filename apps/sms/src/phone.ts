import { parsePhoneNumberWithError, ParseError } from 'libphonenumber-js/max'

/** What is wrong with a number that is none. */
export interface BadNumber {
  readonly problem: string
}

/** Marks of writing direction, invisible, that come along when a number is copied out of an address book. */
const MARKS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

const EXAMPLE = 'such as +34612345678'

/**
 * A phone number in E.164, from whatever a person types. It has to be international, because a national one means
 * different phones in different countries, and to be one that exists by its country's numbering plan.
 */
export function normalizeNumber(input: string): string | BadNumber {
  try {
    const number = parsePhoneNumberWithError(input.replaceAll(MARKS, '').trim(), { extract: false })
    if (number.ext) return { problem: 'Text messages cannot be sent to an extension.' }
    return number.isValid() ? number.number : { problem: 'There is no such phone number. Is a digit missing, or one too many?' }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return { problem: explain(error.message) }
  }
}

function explain(code: string): string {
  switch (code) {
    case 'INVALID_COUNTRY':
      return `Begin with + and the country code, ${EXAMPLE}.`
    case 'TOO_SHORT':
      return 'This phone number is too short.'
    case 'TOO_LONG':
      return 'This phone number is too long.'
    default:
      return `This is not a phone number. Enter one with its country code, ${EXAMPLE}.`
  }
}
