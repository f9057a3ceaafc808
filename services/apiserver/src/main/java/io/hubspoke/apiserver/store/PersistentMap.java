package io.hubspoke.apiserver.store;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * An immutable map in key order. A change returns a new map that shares all but one path with the
 * old one, so whoever holds a map reads it without locks while others write.
 *
 * <p>A weight-balanced tree (Adams, with the parameters 3 and 2 that Hirai and Yamamoto proved);
 * the weights also count ranges without visiting them.
 */
public final class PersistentMap<V> {
  private static final int DELTA = 3;
  private static final int GAMMA = 2;
  private static final PersistentMap<?> EMPTY = new PersistentMap<>(null);

  private record Node<V>(String key, V value, Node<V> left, Node<V> right, int size) {}

  private final Node<V> root;

  private PersistentMap(Node<V> root) {
    this.root = root;
  }

  @SuppressWarnings("unchecked") // holds no value, so it serves every type
  public static <V> PersistentMap<V> empty() {
    return (PersistentMap<V>) EMPTY;
  }

  /** Makes a map of keys in order, each once, without a search for any of them. */
  public static <V> PersistentMap<V> ofSorted(List<String> keys, List<V> values) {
    return new PersistentMap<>(balanced(keys, values, 0, keys.size()));
  }

  private static <V> Node<V> balanced(List<String> keys, List<V> values, int from, int end) {
    if (from >= end) {
      return null;
    }
    int middle = (from + end) >>> 1;
    return new Node<>(
        keys.get(middle),
        values.get(middle),
        balanced(keys, values, from, middle),
        balanced(keys, values, middle + 1, end),
        end - from);
  }

  public int size() {
    return size(root);
  }

  /** Returns the value, or null. */
  public V get(String key) {
    Node<V> node = root;
    while (node != null) {
      int order = key.compareTo(node.key);
      if (order == 0) {
        return node.value;
      }
      node = order < 0 ? node.left : node.right;
    }
    return null;
  }

  public PersistentMap<V> with(String key, V value) {
    return new PersistentMap<>(insert(root, key, value));
  }

  public PersistentMap<V> without(String key) {
    return get(key) == null ? this : new PersistentMap<>(remove(root, key));
  }

  /** Returns how many keys are in {@code [from, end)}. */
  public int count(String from, String end) {
    return Math.max(0, rank(end) - rank(from));
  }

  /** Iterates over the values of the keys in {@code [from, end)}, in key order. */
  public Iterable<V> range(String from, String end) {
    return () -> new Range(from, end);
  }

  /** Iterates over all values in key order. */
  public Iterable<V> values() {
    return () -> new Range("", null);
  }

  /** Returns the first key after all keys that begin with the prefix. */
  public static String endOf(String prefix) {
    int last = prefix.length() - 1;
    return last < 0 ? "\uffff" : prefix.substring(0, last) + (char) (prefix.charAt(last) + 1);
  }

  /** Returns the first key after this one. */
  public static String next(String key) {
    return key + '\0';
  }

  private int rank(String key) {
    int before = 0;
    Node<V> node = root;
    while (node != null) {
      if (key.compareTo(node.key) <= 0) {
        node = node.left;
      } else {
        before += size(node.left) + 1;
        node = node.right;
      }
    }
    return before;
  }

  private static int size(Node<?> node) {
    return node == null ? 0 : node.size;
  }

  private static int weight(Node<?> node) {
    return size(node) + 1;
  }

  private static <V> Node<V> node(Node<V> left, Node<V> at, Node<V> right) {
    return new Node<>(at.key, at.value, left, right, size(left) + size(right) + 1);
  }

  private static <V> Node<V> insert(Node<V> node, String key, V value) {
    if (node == null) {
      return new Node<>(key, value, null, null, 1);
    }
    int order = key.compareTo(node.key);
    if (order == 0) {
      return new Node<>(key, value, node.left, node.right, node.size);
    }
    return order < 0
        ? balance(insert(node.left, key, value), node, node.right)
        : balance(node.left, node, insert(node.right, key, value));
  }

  private static <V> Node<V> remove(Node<V> node, String key) {
    int order = key.compareTo(node.key);
    if (order < 0) {
      return balance(remove(node.left, key), node, node.right);
    }
    if (order > 0) {
      return balance(node.left, node, remove(node.right, key));
    }
    if (node.left == null) {
      return node.right;
    }
    if (node.right == null) {
      return node.left;
    }
    Node<V> successor = node.right;
    while (successor.left != null) {
      successor = successor.left;
    }
    return balance(node.left, successor, remove(node.right, successor.key));
  }

  private static <V> Node<V> balance(Node<V> left, Node<V> at, Node<V> right) {
    if (weight(right) > DELTA * weight(left)) {
      return weight(right.left) < GAMMA * weight(right.right)
          ? node(node(left, at, right.left), right, right.right)
          : node(
              node(left, at, right.left.left),
              right.left,
              node(right.left.right, right, right.right));
    }
    if (weight(left) > DELTA * weight(right)) {
      return weight(left.right) < GAMMA * weight(left.left)
          ? node(left.left, left, node(left.right, at, right))
          : node(
              node(left.left, left, left.right.left),
              left.right,
              node(left.right.right, at, right));
    }
    return node(left, at, right);
  }

  private final class Range implements Iterator<V> {
    private final String end;
    private final Deque<Node<V>> path = new ArrayDeque<>();

    Range(String from, String end) {
      this.end = end;
      Node<V> node = root;
      while (node != null) {
        if (from.compareTo(node.key) <= 0) {
          path.push(node);
          node = node.left;
        } else {
          node = node.right;
        }
      }
    }

    @Override
    public boolean hasNext() {
      return !path.isEmpty() && (end == null || path.peek().key.compareTo(end) < 0);
    }

    @Override
    public V next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Node<V> node = path.pop();
      for (Node<V> n = node.right; n != null; n = n.left) {
        path.push(n);
      }
      return node.value;
    }
  }
}
