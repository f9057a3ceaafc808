package io.hubspoke.apiserver.registry;

/**
 * A change of one object.
 *
 * @param before null for a creation
 * @param after null for a deletion
 */
record Change(long revision, StoredObject before, StoredObject after) {

  String key() {
    return after == null ? before.key() : after.key();
  }

  /**
   * Returns what the change is to a watcher, null when it doesn't concern him: who selects the
   * object before and after sees it modified, who selects it only after sees it added, only before,
   * deleted.
   */
  WatchEvent.Type typeFor(Selection selection) {
    boolean is = after != null && selection.matches(after);
    boolean was = before != null && selection.matches(before);
    if (is) {
      return was ? WatchEvent.Type.MODIFIED : WatchEvent.Type.ADDED;
    }
    return was ? WatchEvent.Type.DELETED : null;
  }

  WatchEvent.Changed event(WatchEvent.Type type) {
    // A deletion shows what was there last, at the revision in which it went.
    return new WatchEvent.Changed(
        type, type == WatchEvent.Type.DELETED ? before.at(revision) : after);
  }
}
