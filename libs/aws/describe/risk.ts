/** What an operation's name, method and access level say about it; the worst of them wins. */
import type { Risk } from '@sallyport/core';
import type { OperationData } from './service-data.js';

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

const readVerbs = words(`
  Agentic Analyze Autocomplete Calculate Carrier Chat Check Classify Compare Contains Converse Count Describe Detect Discover
  Estimate Evaluate Filter Forecast Geocode Get Head Infer Introspect Is List Lookup Optimize Phone Poll Predict Preview Probe
  Query Read Receive Recognize Render Rescore Resolve Retrieve Reverse Sample Scan Search Select Simulate Snap Suggest
  Synthesize Translate Validate Verify View`);

const destructiveVerbs = words(`
  Backtrack Delete Deprovision Deregister Destroy Discard Dispose Drop Evict Expire Flush Forget Purge Release Retire
  Shutdown Terminate Truncate Undeploy Unregister Wipe`);

const writeVerbs = words(`
  Abort Accept Acknowledge Acquire Activate Add Advertise Allocate Allow Amend Append Approve Archive Assign Associate Assume Attach
  Authorize Begin Build Bulk Bundle Cancel Change Checkin Checkout Checkpoint Claim Clear Clone Close Commit Complete Compose Configure
  Confirm Connect Continue Convert Copy Create Deactivate Deauthorize Decline Decrease Decrypt Define Deliver Deny Deploy
  Deprecate Derive Detach Disable Disallow Disassociate Disconnect Dismiss Dissociate Distribute Drain Enable Encrypt End
  Enter Exchange Exit Extend Failover Finalize Grant Group Import Increase Ingest Initialize Initiate Insert Install
  Instantiate Invalidate Invite Issue Join Label Launch Leave Link Lock Logout Manage Mark Merge Meter Migrate Modify
  Monitor Move Notify Open Opt Override Pause Peer Populate Post Promote Provide Provision Publish Purchase Push Put Reboot
  Rebuild Recall Record Redact Redeem Redrive Refresh Regenerate Register Reimport Reject Reload Remove Rename Renew Reorder
  Replace Replicate Report Request Resend Reserve Reset Resize Respond Restart Restore Resume Resync Retry Return Revoke
  Rollback Rotate Run Save Schedule Send Set Setup Share Shrink Sign Signal Skip Split Submit Suspend Swap Switchover Sync
  Synchronize Tag Take Toggle Transfer Unarchive Unassign Undeprecate Ungroup Unlabel Unlink Unlock Unmonitor Unpeer
  Unshare Unsubscribe Unsuspend Untag Update Upgrade Upload Vote Withdraw Write`);

/** Of tags and of single messages and items: what SQL calls a DELETE with a WHERE. */
const ordinaryDelete = /^(Batch)?Delete(\w*Tags?(ForResource|OnResource)?|Item|MessageBatch|Message|Alias)$/;

/** `BatchGetItem` gets, `AdminCreateUser` creates. */
const verbOf = (operation: string): string => /^(?:Batch|Admin|Bulk)?([A-Z][a-z]+)/.exec(operation)?.[1] ?? operation;

/** @returns undefined for a verb that may do either */
export const riskOfName = (operation: string): Risk | undefined => {
  const verb = verbOf(operation);
  if (ordinaryDelete.test(operation)) return 'write';
  if (destructiveVerbs.has(verb) || /^Schedule\w*Deletion$/.test(operation)) return 'destructive';
  if (writeVerbs.has(verb)) return 'write';
  return readVerbs.has(verb) ? 'read' : undefined;
};

/** POST says nothing: most reads are one. */
const riskOfMethod = (method: string | undefined): Risk | undefined => {
  if (method === 'GET' || method === 'HEAD') return 'read';
  return method === undefined || method === 'POST' ? undefined : 'write';
};

const riskOfLevel = { r: 'read', w: 'write', p: 'privilege', '': undefined } as const;

/** Every opinion that there is; none at all is `unknown`. */
export const risksOf = (operation: string, data: OperationData | undefined): Risk[] => {
  if (data === undefined) return ['unknown'];
  const name = riskOfName(operation);
  const level = riskOfLevel[data.l];
  const opinions = [name, level, riskOfMethod(data.m)].filter((risk) => risk !== undefined);
  // A method alone does not make a read: whatever can be linked to is a GET.
  return name === undefined && level === undefined ? [...opinions, 'unknown'] : opinions;
};
