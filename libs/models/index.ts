export { longestPlaceholder } from '@sallyport/masking';
export { modelApis } from './apis.js';
export * from './json-spans.js';
export { ConversationLedger } from './ledger.js';
export { Placeholders } from './placeholders.js';
export { EventReader, eventBytes, mostEventBytes, readEvents, type ServerSentEvent } from './sse.js';
export { TextCleaner } from './text-cleaner.js';
export { Hidden, TextMasker } from './text-masker.js';
export * from './types.js';
