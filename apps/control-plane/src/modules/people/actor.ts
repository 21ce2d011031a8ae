import type { Identity } from '@sallyport/core';
import type { Actor } from '@sallyport/evidence';

/** An identity as the record names it. */
export const actorOf = ({ id, class: kind, name }: Pick<Identity, 'id' | 'class' | 'name'>): Actor => ({
  id,
  class: kind,
  name,
});
