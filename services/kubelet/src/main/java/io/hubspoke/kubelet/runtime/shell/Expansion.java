package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.shell.Node.Part;
import io.hubspoke.kubelet.runtime.shell.Node.Word;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Makes of words what commands get: variables, substitutions, and fields of what is not quoted. */
final class Expansion {
  private static final int MAX_TEXT = 1 << 20;

  private final Environment environment;
  private final Substitution substitution;
  private Output errors = data -> {};

  /** Runs a command for its output. */
  interface Substitution {
    String run(Node body) throws IOException, InterruptedException;
  }

  Expansion(Environment environment, Substitution substitution) {
    this.environment = environment;
    this.substitution = substitution;
  }

  Output errors() {
    return errors;
  }

  void setErrors(Output to) {
    errors = to;
  }

  /** The output of a substituted command. */
  static final class Collected {
    private final Buffer all = Buffer.buffer();

    void collect(Input from) throws InterruptedException {
      Buffer more;
      while (all.length() < MAX_TEXT && (more = from.read()) != null) {
        all.appendBuffer(more);
      }
    }

    /** Returns it without the new lines at its end. */
    String trimmed() {
      String text = all.toString();
      int end = text.length();
      while (end > 0 && text.charAt(end - 1) == '\n') {
        end--;
      }
      return text.substring(0, end);
    }
  }

  List<String> fields(List<Word> words) throws IOException, InterruptedException {
    Fields fields = new Fields();
    for (Word word : words) {
      fields(word, fields);
    }
    return fields.all;
  }

  private void fields(Word word, Fields fields) throws IOException, InterruptedException {
    for (Part part : word.parts()) {
      if (part instanceof Part.Variable all && all.name().equals("@") && all.quoted()) {
        List<String> parameters = environment.parameters();
        for (int i = 1; i < parameters.size(); i++) {
          if (i > 1) {
            fields.end();
          }
          fields.append(parameters.get(i));
        }
        continue;
      }
      String text = value(part);
      if (part.quoted() || part instanceof Part.Text) {
        fields.append(text);
        continue;
      }
      int from = 0;
      for (int i = 0; i <= text.length(); i++) {
        if (i == text.length() || " \t\n".indexOf(text.charAt(i)) >= 0) {
          if (from < i) {
            fields.append(text.substring(from, i));
          }
          if (i < text.length()) {
            fields.end();
          }
          from = i + 1;
        }
      }
    }
    fields.end();
  }

  /** What a command gets, no more in all than a kernel would take. */
  private static final class Fields {
    private static final int MOST = MAX_TEXT / 16;
    private static final int MAX_SIZE = 2 * MAX_TEXT;

    private final List<String> all = new ArrayList<>();
    private final StringBuilder field = new StringBuilder();
    private boolean any;
    private long size;

    void append(String text) throws IOException {
      size += text.length();
      if (size > MAX_SIZE || field.length() + text.length() > MAX_TEXT || all.size() > MOST) {
        throw new IOException("Argument list too long");
      }
      field.append(text);
      any = true;
    }

    /** Ends a field where one has begun. */
    void end() {
      if (any) {
        all.add(field.toString());
        field.setLength(0);
        any = false;
      }
    }
  }

  /** Returns the word as one text. */
  String text(Word word) throws IOException, InterruptedException {
    StringBuilder text = new StringBuilder();
    for (Part part : word.parts()) {
      text.append(value(part));
      if (text.length() > MAX_TEXT) {
        throw new IOException("Argument list too long");
      }
    }
    return text.toString();
  }

  private String value(Part part) throws IOException, InterruptedException {
    return switch (part) {
      case Part.Text(String text, boolean quoted) -> text;
      case Part.Substitution(Node body, boolean quoted) -> substitution.run(body);
      case Part.Arithmetic(Word expression, boolean quoted) ->
          Long.toString(new Arithmetic(text(expression), environment).value());
      case Part.Variable variable -> variable(variable);
    };
  }

  private String variable(Part.Variable variable) throws IOException, InterruptedException {
    String value = parameter(variable.name());
    boolean empty = value == null || value.isEmpty();
    return switch (variable.operator()) {
      case "#" -> Integer.toString(value == null ? 0 : value.length());
      case "-" -> empty ? text(variable.argument()) : value;
      case "+" -> empty ? "" : text(variable.argument());
      case "=" -> {
        if (empty) {
          value = text(variable.argument());
          environment.set(variable.name(), value);
        }
        yield value;
      }
      default -> value == null ? "" : value;
    };
  }

  private String parameter(String name) {
    List<String> parameters = environment.parameters();
    return switch (name) {
      case "?" -> Integer.toString(environment.lastStatus());
      case "$" -> Integer.toString(environment.processId());
      case "#" -> Integer.toString(parameters.size() - 1);
      case "!" -> "";
      case "@", "*" -> String.join(" ", parameters.subList(1, parameters.size()));
      default -> {
        if (Character.isDigit(name.charAt(0))) {
          int index = Integer.parseInt(name);
          yield index < parameters.size() ? parameters.get(index) : null;
        }
        yield environment.get(name);
      }
    };
  }
}
