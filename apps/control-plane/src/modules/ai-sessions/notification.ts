const start = '<task-notification>';
const toolUse = /<tool-use-id>\s*([\w.:-]{1,200})\s*<\/tool-use-id>/;

/** What a client tells its model by itself when a task in the background is over: no person has typed it. */
export const isNotification = (text: string): boolean => text.trimStart().startsWith(start);

/** The tool call that had started the task. */
export const notifiedOf = (text: string): string | undefined => toolUse.exec(text)?.[1];
