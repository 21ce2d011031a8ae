import { Injectable, type PipeTransform } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An id in a path. What cannot be an id names nothing: the same 404 as an id of something else. */
@Injectable()
export class Id implements PipeTransform<string, string> {
  transform(value: string): string {
    if (uuid.test(value)) return value;
    throw new GatewayError('NOT_FOUND', 'there is no such route or object');
  }
}

/** The key of a page's last row, where rows are sorted by id. */
export const idCursor = (key: string | undefined): string | null => {
  if (key === undefined) return null;
  if (uuid.test(key)) return key;
  throw new GatewayError('INVALID_INPUT', 'the cursor is not one that this list gave');
};
