const GSM = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿' +
    'abcdefghijklmnopqrstuvwxyzäöñüà',
)
const GSM_TWO = new Set('\f^{}\\[~]|€')

/**
 * How many SMS a text takes. In the alphabet of GSM one holds 160 characters, or 153 of a longer text; a single character
 * outside of it, an emoji say, makes that 70 and 67 for all.
 */
export function countSegments(text: string): number {
  if (text === '') return 0
  let septets = 0
  for (const character of text) {
    if (GSM.has(character)) septets += 1
    else if (GSM_TWO.has(character)) septets += 2
    else return split(text.length, 70, 67)
  }
  return split(septets, 160, 153)
}

const split = (length: number, alone: number, together: number): number =>
  length <= alone ? 1 : Math.ceil(length / together)
