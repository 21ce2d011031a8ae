const value = (character: string): number => Number.parseInt(character, 36);

/** ISO/IEC 7812-1, annex B: the check digit of payment cards. @param digits decimal digits only */
export const luhn = (digits: string): boolean => {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    sum += index % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
};

/** ISO 13616 with ISO/IEC 7064 MOD 97-10. @param iban letters and digits only, in upper case */
export const mod97 = (iban: string): boolean => {
  let rest = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const next = value(character);
    rest = (rest * (next > 9 ? 100 : 10) + next) % 97;
  }
  return rest === 1;
};

const dihedral = (left: number, right: number): number => {
  const [first, second] = [left % 5, right % 5];
  if (left < 5) return ((first + second) % 5) + (right < 5 ? 0 : 5);
  return ((first - second + 5) % 5) + (right < 5 ? 5 : 0);
};
const permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/** Verhoeff's check over the dihedral group of order ten, as India's identity numbers use it. */
export const verhoeff = (digits: string): boolean => {
  let check = 0;
  for (let index = 0; index < digits.length; index += 1) {
    let digit = Number(digits[digits.length - 1 - index]);
    for (let turn = 0; turn < index % 8; turn += 1) digit = permutation[digit]!;
    check = dihedral(check, digit);
  }
  return check === 0;
};

const weighted = (digits: string, from: number): number =>
  [...digits].reduce((sum, digit, index) => sum + Number(digit) * (from - index), 0);
const cpfDigit = (digits: string): number => ((weighted(digits, digits.length + 1) * 10) % 11) % 10;

/** Brazil's CPF: two check digits modulo 11. @param digits eleven of them */
export const cpf = (digits: string): boolean =>
  new Set(digits).size > 1 &&
  cpfDigit(digits.slice(0, 9)) === Number(digits[9]) &&
  cpfDigit(digits.slice(0, 10)) === Number(digits[10]);

/** France's NIR: the key is 97 less the rest of the first thirteen digits. @param digits fifteen of them */
export const nir = (digits: string): boolean =>
  97 - Number(BigInt(digits.slice(0, 13)) % 97n) === Number(digits.slice(13));

/** Spain's DNI: the letter follows from the number. @param number eight digits */
export const dni = (number: string, letter: string): boolean =>
  'TRWAGMYFPDXBNJZSQVHLCKE'[Number(number) % 23] === letter;

const oddValues = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/** Italy's codice fiscale: the last letter follows from the fifteen characters before it (upper case). */
export const codiceFiscale = (text: string): boolean => {
  let sum = 0;
  for (let index = 0; index < 15; index += 1) {
    const next = value(text[index]!);
    const ordinal = next > 9 ? next - 10 : next;
    sum += index % 2 === 0 ? oddValues[ordinal]! : ordinal;
  }
  return value(text[15]!) - 10 === sum % 26;
};
