package io.hubspoke.kubeproxy.nftables;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What changes in a table, all at once or not at all: nft gives a script to the kernel as one
 * transaction.
 */
final class Transaction implements Nft.Script {
  /** Lines stay readable for people who look at what is sent. */
  private static final int ELEMENTS_A_COMMAND = 500;

  private final Family family;
  private final String table;
  private final List<String> begin;
  private final Map<String, List<String>> deletedElements = new LinkedHashMap<>();
  private final List<String> deletedChains = new ArrayList<>();
  private final List<String> deletedSets = new ArrayList<>();
  private final List<String> emptiedChains = new ArrayList<>();
  private final Map<String, Long> addedSets = new LinkedHashMap<>();
  private final Map<String, List<String>> chains = new LinkedHashMap<>();
  private final Map<String, List<String>> addedElements = new LinkedHashMap<>();

  /**
   * @param begin the lines that come first
   */
  Transaction(Family family, String table, List<String> begin) {
    this.family = family;
    this.table = family.keyword + " " + table;
    this.begin = begin;
  }

  Family family() {
    return family;
  }

  boolean isEmpty() {
    return begin.isEmpty()
        && deletedElements.isEmpty()
        && deletedChains.isEmpty()
        && deletedSets.isEmpty()
        && addedSets.isEmpty()
        && chains.isEmpty()
        && addedElements.isEmpty();
  }

  void addElement(String set, String element) {
    addedElements.computeIfAbsent(set, s -> new ArrayList<>()).add(element);
  }

  void deleteElement(String set, String key) {
    deletedElements.computeIfAbsent(set, s -> new ArrayList<>()).add(key);
  }

  void addChain(String name, List<String> rules) {
    chains.put(name, rules);
  }

  void replaceChain(String name, List<String> rules) {
    emptiedChains.add(name);
    chains.put(name, rules);
  }

  void deleteChain(String name) {
    deletedChains.add(name);
  }

  void addSet(String name, long seconds) {
    addedSets.put(name, seconds);
  }

  void deleteSet(String name) {
    deletedSets.add(name);
  }

  /** Writes what leads to something before that is deleted, and after that is made. */
  @Override
  public void writeTo(Appendable out) throws IOException {
    for (String line : begin) {
      out.append(line).append('\n');
    }
    elements(out, "delete", deletedElements);
    commands(out, "flush chain ", emptiedChains);
    commands(out, "flush chain ", deletedChains);
    commands(out, "delete chain ", deletedChains);
    commands(out, "delete set ", deletedSets);
    if (!chains.isEmpty() || !addedSets.isEmpty()) {
      out.append("table ").append(table).append(" {\n");
      for (var set : addedSets.entrySet()) {
        out.append("set ").append(set.getKey()).append(" { type ").append(family.addressType);
        out.append("; flags dynamic,timeout; timeout ");
        out.append(Long.toString(set.getValue())).append("s; }\n");
      }
      for (var chain : chains.entrySet()) {
        out.append("chain ").append(chain.getKey()).append(" {\n");
        for (String rule : chain.getValue()) {
          out.append(rule).append('\n');
        }
        out.append("}\n");
      }
      out.append("}\n");
    }
    elements(out, "add", addedElements);
  }

  private void commands(Appendable out, String command, List<String> names) throws IOException {
    for (String name : names) {
      out.append(command).append(table).append(' ').append(name).append('\n');
    }
  }

  private void elements(Appendable out, String command, Map<String, List<String>> sets)
      throws IOException {
    for (var set : sets.entrySet()) {
      Iterator<String> elements = set.getValue().iterator();
      while (elements.hasNext()) {
        out.append(command).append(" element ").append(table).append(' ').append(set.getKey());
        out.append(" { ").append(elements.next());
        for (int i = 1; i < ELEMENTS_A_COMMAND && elements.hasNext(); i++) {
          out.append(", ").append(elements.next());
        }
        out.append(" }\n");
      }
    }
  }
}
