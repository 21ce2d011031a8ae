/** Of the agent and of every library in it: the workspace is released as one. */
export const version = '0.1.0';
