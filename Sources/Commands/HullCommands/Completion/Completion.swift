// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull completion`: a small script for the shell; what there is to complete, hull itself says.
enum Completion {
  static let command = Command(
    name: "completion", summary: "Print a shell's completion script",
    details: """
      bash:  hull completion bash > /etc/bash_completion.d/hull
      zsh:   hull completion zsh > "${fpath[1]}/_hull"
      fish:  hull completion fish > ~/.config/fish/completions/hull.fish
      """, usage: "bash|zsh|fish", arguments: .exactly(1), completion: .words(["bash", "zsh", "fish"]),
    run: { call in
      switch call.arguments[0] {
      case "bash": call.out.write(bash)
      case "zsh": call.out.write(zsh)
      case "fish": call.out.write(fish)
      default: throw HullError(.invalidArgument, "no completion for '\(call.arguments[0])': known are bash, zsh and fish")
      }
      return 0
    })

  private static let bash = #"""
    # bash completion for hull
    _hull() {
      local line="${COMP_LINE:0:COMP_POINT}" reply value IFS=$' \t\n'
      local -a words
      read -ra words <<< "$line"
      [[ "$line" == *[[:space:]] ]] && words+=("")
      local current="${words[-1]}" typed=""
      # bash splits words at colons; what stands before the last one is already on the line.
      [[ "$current" == *:* && "$COMP_WORDBREAKS" == *:* ]] && typed="${current%"${current##*:}"}"
      COMPREPLY=()
      while IFS= read -r reply; do
        value="${reply%%$'\t'*}"
        case "$value" in
          :files) compopt -o default; COMPREPLY=(); return ;;
          :nospace) compopt -o nospace ;;
          *) COMPREPLY+=("${value#"$typed"}") ;;
        esac
      done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    }
    complete -F _hull hull

    """#

  private static let zsh = #"""
    #compdef hull
    _hull() {
      local -a lines candidates
      local line value
      lines=("${(@f)$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
      for line in $lines; do
        value="${line%%$'\t'*}"
        case "$value" in
          :files) _files; return ;;
          :nospace | '') ;;
          *) candidates+=("${value//:/\\:}:${line#*$'\t'}") ;;
        esac
      done
      _describe 'hull' candidates
    }
    if [ "$funcstack[1]" = "_hull" ]; then _hull "$@"; else compdef _hull hull; fi

    """#

  private static let fish = #"""
    # fish completion for hull
    function __hull_complete
      set -l words (commandline -opc)
      set -l lines ($words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null)
      if contains -- :files $lines
        __fish_complete_path (commandline -ct)
      else
        string match -v ':nospace' -- $lines
      end
    end
    complete -c hull -f -a '(__hull_complete)'

    """#
}
