import type { PolicyView } from './policies.dto.js';
import type { PolicyVersion } from './policy-versions.js';

export const viewOf = (row: PolicyVersion): PolicyView => ({
  version: row.version,
  text: row.text,
  digest: row.digest,
  comment: row.comment,
  author: { id: row.author_id, name: row.author_name },
  created_at: row.created_at.toISOString(),
  activated_at: row.activated_at?.toISOString() ?? null,
});

/** What is in force before anybody has written a policy: nothing is permitted. */
export const noPolicies: PolicyView = {
  version: 0,
  text: '',
  digest: null,
  comment: 'no policy has been written yet, so nothing is permitted',
  author: null,
  created_at: null,
  activated_at: null,
};
