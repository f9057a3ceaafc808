package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.shell.Node.Assignment;
import io.hubspoke.kubelet.runtime.shell.Node.Part;
import io.hubspoke.kubelet.runtime.shell.Node.Redirect;
import io.hubspoke.kubelet.runtime.shell.Node.Word;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Reads the part of the POSIX shell's language that is here: no functions, case or here-documents.
 */
final class Parser {
  private static final Set<String> RESERVED =
      Set.of("then", "else", "elif", "fi", "do", "done", "}", ")");
  private static final int MAX_DEPTH = 100;

  private final String text;
  private int at;
  private int depth;

  Parser(String text) {
    this.text = text;
  }

  /** It is not in the language, or ends too early. */
  static final class SyntaxException extends Exception {
    private static final long serialVersionUID = 1L;
    private final boolean incomplete;

    SyntaxException(String message, boolean incomplete) {
      super(message, null, false, false);
      this.incomplete = incomplete;
    }

    /** Returns whether more text could make it whole. */
    boolean incomplete() {
      return incomplete;
    }
  }

  Node program() throws SyntaxException {
    Node all = list();
    if (at < text.length()) {
      throw unexpected();
    }
    return all;
  }

  private Node list() throws SyntaxException {
    deeper();
    List<Node> items = new ArrayList<>();
    while (true) {
      newlines();
      if (at >= text.length() || text.charAt(at) == ')' || RESERVED.contains(peekWord())) {
        break;
      }
      Node item = andOr();
      space();
      if (accept("&")) {
        item = new Node.Background(item);
      } else if (!accept(";") && !(at < text.length() && text.charAt(at) == '\n')) {
        items.add(item);
        break;
      }
      items.add(item);
    }
    depth--;
    return items.size() == 1 ? items.getFirst() : new Node.Sequence(items);
  }

  private void deeper() throws SyntaxException {
    if (++depth > MAX_DEPTH) {
      throw new SyntaxException("syntax error: nested too deeply", false);
    }
  }

  private Node andOr() throws SyntaxException {
    Node left = pipeline();
    while (true) {
      space();
      boolean and = text.startsWith("&&", at);
      if (!and && !text.startsWith("||", at)) {
        return left;
      }
      at += 2;
      newlines();
      left = new Node.AndOr(left, and, pipeline());
    }
  }

  private Node pipeline() throws SyntaxException {
    boolean negated = false;
    while (peekWord().equals("!")) {
      at++;
      space();
      negated = !negated;
    }
    List<Node> stages = new ArrayList<>();
    stages.add(command());
    space();
    while (at < text.length() && text.charAt(at) == '|' && !text.startsWith("||", at)) {
      at++;
      newlines();
      stages.add(command());
      space();
    }
    return stages.size() == 1 && !negated ? stages.getFirst() : new Node.Pipeline(stages, negated);
  }

  private Node command() throws SyntaxException {
    space();
    Node compound =
        switch (peekWord()) {
          case "if" -> ifClause();
          case "while" -> loop(false);
          case "until" -> loop(true);
          case "for" -> forClause();
          case "{" -> {
            at++;
            Node body = list();
            expect("}");
            yield body;
          }
          default -> null;
        };
    if (compound == null && at < text.length() && text.charAt(at) == '(') {
      at++;
      compound = new Node.Subshell(parenthesized());
    }
    if (compound == null) {
      return simple();
    }
    List<Redirect> redirects = new ArrayList<>();
    Redirect redirect;
    while ((redirect = redirect()) != null) {
      redirects.add(redirect);
    }
    return redirects.isEmpty() ? compound : new Node.Redirected(compound, redirects);
  }

  /** Reads what follows an opening parenthesis, and the closing one. */
  private Node parenthesized() throws SyntaxException {
    Node body = list();
    if (at >= text.length()) {
      throw incomplete(")");
    }
    if (text.charAt(at) != ')') {
      throw unexpected();
    }
    at++;
    return body;
  }

  private Node ifClause() throws SyntaxException {
    word();
    deeper();
    Node condition = list();
    expect("then");
    Node then = list();
    Node otherwise = null;
    if (peekWord().equals("elif")) {
      // Its own fi is that of the whole.
      Node.If whole = new Node.If(condition, then, ifClause());
      depth--;
      return whole;
    }
    if (peekWord().equals("else")) {
      word();
      otherwise = list();
    }
    expect("fi");
    depth--;
    return new Node.If(condition, then, otherwise);
  }

  private Node loop(boolean until) throws SyntaxException {
    word();
    Node condition = list();
    return new Node.While(condition, until, body());
  }

  private Node body() throws SyntaxException {
    newlines();
    expect("do");
    Node body = list();
    expect("done");
    return body;
  }

  private Node forClause() throws SyntaxException {
    word();
    space();
    String variable = peekWord();
    if (!isName(variable)) {
      throw unexpected();
    }
    at += variable.length();
    newlines();
    List<Word> words = new ArrayList<>();
    if (peekWord().equals("in")) {
      at += 2;
      space();
      while (startsWord()) {
        words.add(word());
        space();
      }
    }
    accept(";");
    return new Node.For(variable, words, body());
  }

  private Node simple() throws SyntaxException {
    List<Assignment> assignments = new ArrayList<>();
    List<Word> words = new ArrayList<>();
    List<Redirect> redirects = new ArrayList<>();
    while (true) {
      space();
      Redirect redirect = redirect();
      if (redirect != null) {
        redirects.add(redirect);
      } else if (startsWord()) {
        int equals = words.isEmpty() ? assignmentEnd() : -1;
        if (equals > 0) {
          String name = text.substring(at, equals);
          at = equals + 1;
          assignments.add(new Assignment(name, startsWord() ? word() : new Word(List.of())));
        } else {
          words.add(word());
        }
      } else if (assignments.isEmpty() && words.isEmpty() && redirects.isEmpty()) {
        throw unexpected();
      } else {
        return new Node.Simple(assignments, words, redirects);
      }
    }
  }

  /** Returns where the equals sign of an assignment is, or -1. */
  private int assignmentEnd() {
    int end = at;
    while (end < text.length() && isNameCharacter(text.charAt(end), end > at)) {
      end++;
    }
    return end > at && end < text.length() && text.charAt(end) == '=' ? end : -1;
  }

  private Redirect redirect() throws SyntaxException {
    space();
    int start = at;
    int from = -1;
    if (at + 1 < text.length()
        && Character.isDigit(text.charAt(at))
        && (text.charAt(at + 1) == '<' || text.charAt(at + 1) == '>')) {
      from = text.charAt(at) - '0';
      at++;
    }
    if (text.startsWith("<<", at)) {
      throw new SyntaxException("syntax error: here-documents are not supported", false);
    }
    for (String kind : List.of(">>", ">&", "<", ">")) {
      if (accept(kind)) {
        space();
        if (!startsWord()) {
          throw unexpected();
        }
        int descriptor = from >= 0 ? from : kind.equals("<") ? 0 : 1;
        return new Redirect(descriptor, kind, word());
      }
    }
    at = start;
    return null;
  }

  private boolean startsWord() {
    return at < text.length() && "|&;<>()\n \t#".indexOf(text.charAt(at)) < 0;
  }

  /** Returns the word here as it is written, empty when there is none or it is quoted. */
  private String peekWord() {
    space();
    int end = at;
    while (end < text.length() && "|&;<>() \n\t\"'`$\\".indexOf(text.charAt(end)) < 0) {
      end++;
    }
    return text.substring(at, end);
  }

  private void expect(String reserved) throws SyntaxException {
    newlines();
    if (!peekWord().equals(reserved)) {
      throw at >= text.length() ? incomplete(reserved) : unexpected();
    }
    at += reserved.length();
  }

  private Word word() throws SyntaxException {
    List<Part> parts = new ArrayList<>();
    StringBuilder plain = new StringBuilder();
    while (at < text.length() && "|&;<>()\n \t".indexOf(text.charAt(at)) < 0) {
      char c = text.charAt(at);
      if (c != '\'' && c != '"' && c != '$' && c != '`' && c != '\\') {
        plain.append(c);
        at++;
        continue;
      }
      if (plain.length() > 0) {
        parts.add(new Part.Text(plain.toString(), false));
        plain.setLength(0);
      }
      switch (c) {
        case '\'' -> parts.add(new Part.Text(until('\''), true));
        case '"' -> doubleQuoted(parts);
        case '\\' -> escaped(parts);
        default -> parts.add(expansion(false));
      }
    }
    if (plain.length() > 0) {
      parts.add(new Part.Text(plain.toString(), false));
    }
    return new Word(parts);
  }

  private void escaped(List<Part> parts) throws SyntaxException {
    at++;
    if (at >= text.length()) {
      throw incomplete("more");
    }
    if (text.charAt(at) != '\n') {
      parts.add(new Part.Text(text.substring(at, at + 1), true));
    }
    at++;
  }

  private String until(char end) throws SyntaxException {
    int close = text.indexOf(end, at + 1);
    if (close < 0) {
      throw incomplete(String.valueOf(end));
    }
    String inside = text.substring(at + 1, close);
    at = close + 1;
    return inside;
  }

  private void doubleQuoted(List<Part> parts) throws SyntaxException {
    at++;
    StringBuilder plain = new StringBuilder();
    while (at < text.length() && text.charAt(at) != '"') {
      char c = text.charAt(at);
      if (c == '\\' && at + 1 < text.length()) {
        char next = text.charAt(at + 1);
        if ("$`\"\\".indexOf(next) < 0) {
          plain.append(c);
        }
        if (next != '\n') {
          plain.append(next);
        }
        at += 2;
      } else if (c == '$' || c == '`') {
        parts.add(new Part.Text(plain.toString(), true));
        plain.setLength(0);
        parts.add(expansion(true));
      } else {
        plain.append(c);
        at++;
      }
    }
    if (at >= text.length()) {
      throw incomplete("\"");
    }
    at++;
    parts.add(new Part.Text(plain.toString(), true));
  }

  private Part expansion(boolean quoted) throws SyntaxException {
    if (text.charAt(at) == '`') {
      return new Part.Substitution(new Parser(until('`')).program(), quoted);
    }
    at++;
    if (text.startsWith("((", at)) {
      return arithmetic(quoted);
    }
    if (accept("(")) {
      return new Part.Substitution(parenthesized(), quoted);
    }
    if (accept("{")) {
      return braced(quoted);
    }
    if (at < text.length() && "?$#!@*0123456789".indexOf(text.charAt(at)) >= 0) {
      return new Part.Variable(text.substring(at, ++at), "", null, quoted);
    }
    String name = name();
    return name.isEmpty() ? new Part.Text("$", quoted) : new Part.Variable(name, "", null, quoted);
  }

  private Part arithmetic(boolean quoted) throws SyntaxException {
    int close = text.indexOf("))", at);
    if (close < 0) {
      throw incomplete("))");
    }
    Parser inner = new Parser("\"" + text.substring(at + 2, close).replace("\"", "") + "\"");
    at = close + 2;
    return new Part.Arithmetic(inner.word(), quoted);
  }

  private Part braced(boolean quoted) throws SyntaxException {
    boolean length = text.startsWith("#", at) && !text.startsWith("#}", at);
    if (length) {
      at++;
    }
    String name = name();
    if (name.isEmpty() && at < text.length() && "?$#!@*0123456789".indexOf(text.charAt(at)) >= 0) {
      name = text.substring(at, ++at);
    }
    String operator = length ? "#" : "";
    Word argument = null;
    if (!length && !text.startsWith("}", at)) {
      accept(":");
      operator = at < text.length() ? text.substring(at, at + 1) : "";
      if (operator.isEmpty() || "-=+".indexOf(operator) < 0) {
        throw new SyntaxException("syntax error: bad substitution", false);
      }
      at++;
      int close = text.indexOf('}', at);
      if (close < 0) {
        throw incomplete("}");
      }
      String inside = text.substring(at, close).replace("\"", "");
      argument = new Parser("\"" + inside + "\"").word();
      at = close;
    }
    if (!accept("}") || name.isEmpty()) {
      throw new SyntaxException("syntax error: bad substitution", at >= text.length());
    }
    return new Part.Variable(name, operator, argument, quoted);
  }

  private String name() {
    int start = at;
    while (at < text.length() && isNameCharacter(text.charAt(at), at > start)) {
      at++;
    }
    return text.substring(start, at);
  }

  private static boolean isNameCharacter(char c, boolean later) {
    return c == '_'
        || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (later && c >= '0' && c <= '9');
  }

  static boolean isName(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (!isNameCharacter(text.charAt(i), i > 0)) {
        return false;
      }
    }
    return !text.isEmpty();
  }

  private boolean accept(String symbol) {
    if (symbol.equals("&") && text.startsWith("&&", at)) {
      return false;
    }
    if (text.startsWith(symbol, at)) {
      at += symbol.length();
      return true;
    }
    return false;
  }

  /** Skips blanks, continued lines and comments. */
  private void space() {
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == ' ' || c == '\t' || c == '\r') {
        at++;
      } else if (text.startsWith("\\\n", at)) {
        at += 2;
      } else if (c == '#' && (at == 0 || " \t\n;&|(".indexOf(text.charAt(at - 1)) >= 0)) {
        while (at < text.length() && text.charAt(at) != '\n') {
          at++;
        }
      } else {
        return;
      }
    }
  }

  private void newlines() {
    space();
    while (at < text.length() && text.charAt(at) == '\n') {
      at++;
      space();
    }
  }

  private SyntaxException unexpected() {
    if (at >= text.length()) {
      return new SyntaxException("syntax error: unexpected end of file", true);
    }
    String word = peekWord();
    return new SyntaxException(
        "syntax error: unexpected \""
            + (word.isEmpty() ? text.substring(at, at + 1).replace("\n", "newline") : word)
            + "\"",
        false);
  }

  private static SyntaxException incomplete(String expected) {
    return new SyntaxException(
        "syntax error: unexpected end of file (expecting \"" + expected + "\")", true);
  }
}
