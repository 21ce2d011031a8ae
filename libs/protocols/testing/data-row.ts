import { int16, int32, message } from '../postgres/wire.js';

/** A DataRow as a target sends it; null is SQL NULL. */
export const dataRow = (values: readonly (Buffer | null)[]): Buffer =>
  message(
    'D',
    int16(values.length),
    ...values.flatMap((value) => (value === null ? [int32(-1)] : [int32(value.length), value])),
  );
