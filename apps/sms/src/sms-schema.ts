import { z } from 'zod'
import type { Sms } from './carrier/carrier.ts'
import { normalizeNumber } from './phone.ts'

/** Twilio's limit, and so that of the wire format. In UTF-16 units, as text areas and SMS count. */
const LONGEST = 1_600

const FIELDS = 'Send two fields, `to` and `text`, both texts, and no others.'

/**
 * A message as it comes in, from the form or the API, made one that can be sent: the number in E.164, lines ended by LF alone
 * (forms send CR LF, as nobody counts them), no halves of characters. An issue about a number or a text has its code in
 * `params`.
 */
export const smsSchema = z.strictObject(
  {
    to: z.string(FIELDS).transform((input, context) => {
      const number = normalizeNumber(input)
      return typeof number === 'string' ? number : refuse(context, 'ERR_NUMBER', number.problem)
    }),
    text: z.string(FIELDS).transform((input, context) => {
      const text = input.replaceAll('\r\n', '\n').replaceAll(/\p{Surrogate}/gu, '\ufffd')
      if (text.trim() === '') return refuse(context, 'ERR_TEXT_EMPTY', 'The message is empty.')
      if (text.length <= LONGEST) return text
      return refuse(context, 'ERR_TEXT_LONG', `The message is too long: ${text.length} characters, of ${LONGEST} at most.`)
    }),
  },
  FIELDS,
) satisfies z.ZodType<Sms>

function refuse(context: z.RefinementCtx, code: string, message: string): never {
  context.addIssue({ code: 'custom', message, params: { code } })
  return z.NEVER
}
