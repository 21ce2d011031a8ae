import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { command } from '../cli.js';

interface Node {
  /** The words that lead here, for example `policies show`. */
  readonly path: string;
  readonly words: readonly string[];
}

/** The command tree, flattened: what may follow each command. */
export const treeOf = (root: Command, path = ''): Node[] => {
  const words = [
    ...root.commands.map((child) => child.name()),
    ...root.options.map((option) => option.long ?? '').filter(Boolean),
  ];
  return [{ path, words }, ...root.commands.flatMap((child) => treeOf(child, `${path} ${child.name()}`.trim()))];
};

const bash = (nodes: readonly Node[]): string => `_sallyport() {
  local word path='' cur="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case "|${nodes.map((node) => node.path).join('|')}|" in *"|\${path:+$path }$word|"*) path="\${path:+$path }$word" ;; esac ;; esac
  done
  case "$path" in
${nodes.map(({ path, words }) => `    '${path}') COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur")) ;;`).join('\n')}
  esac
}
complete -o default -F _sallyport sallyport
`;

const zsh = (nodes: readonly Node[]): string => `#compdef sallyport
autoload -U +X bashcompinit && bashcompinit
${bash(nodes)}`;

const fish = (nodes: readonly Node[]): string =>
  nodes
    .flatMap(({ path, words }) => {
      const parts = path.split(' ').filter(Boolean);
      const seen = parts.length
        ? parts.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ')
        : '__fish_use_subcommand';
      return words.map(
        (word) =>
          `complete -c sallyport -n '${seen}' ${word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`}`,
      );
    })
    .join('\n')
    .concat('\n');

const shells: Readonly<Record<string, (nodes: readonly Node[]) => string>> = { bash, zsh, fish };

export const addCompletions = (program: Command): void => {
  command(program, 'completions <shell>', 'print completions for bash, zsh or fish', async (call, shell) => {
    const write = shells[shell ?? ''];
    if (!write)
      throw new GatewayError('INVALID_INPUT', `there are no completions for "${shell}"`, {
        hint: 'choose bash, zsh or fish',
      });
    call.world.out(write(treeOf(program)));
  }).addHelpText('after', '\nExample:\n  source <(sallyport completions bash)');
};
