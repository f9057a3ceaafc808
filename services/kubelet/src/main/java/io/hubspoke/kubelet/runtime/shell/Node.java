package io.hubspoke.kubelet.runtime.shell;

import java.util.List;

/** A program as the parser understood it. */
sealed interface Node {

  /** Words to expand, with what is assigned and redirected. */
  record Simple(List<Assignment> assignments, List<Word> words, List<Redirect> redirects)
      implements Node {}

  /** Each one's output is the next one's input. */
  record Pipeline(List<Node> stages, boolean negated) implements Node {}

  /** Runs the right side or not, as the left side ended. */
  record AndOr(Node left, boolean and, Node right) implements Node {}

  record Sequence(List<Node> items) implements Node {}

  /** Runs beside what follows. */
  record Background(Node body) implements Node {}

  record If(Node condition, Node then, Node otherwise) implements Node {}

  record While(Node condition, boolean until, Node body) implements Node {}

  record For(String variable, List<Word> words, Node body) implements Node {}

  /** In parentheses: what it changes is forgotten. */
  record Subshell(Node body) implements Node {}

  record Redirected(Node body, List<Redirect> redirects) implements Node {}

  record Assignment(String name, Word value) {}

  /**
   * Where a stream leads instead.
   *
   * @param from the descriptor
   * @param kind {@code <}, {@code >}, {@code >>} or {@code >&}
   */
  record Redirect(int from, String kind, Word to) {}

  /** Parts side by side. */
  record Word(List<Part> parts) {}

  sealed interface Part {
    boolean quoted();

    record Text(String text, boolean quoted) implements Part {}

    /**
     * The value of a variable, or what is made of it.
     *
     * @param operator {@code -}, {@code =}, {@code +}, {@code #} for the length, or empty
     */
    record Variable(String name, String operator, Word argument, boolean quoted) implements Part {}

    record Substitution(Node body, boolean quoted) implements Part {}

    record Arithmetic(Word expression, boolean quoted) implements Part {}
  }
}
