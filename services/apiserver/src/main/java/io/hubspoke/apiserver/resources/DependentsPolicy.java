package io.hubspoke.apiserver.resources;

/** What becomes of an object's dependents when its deletion doesn't say. */
public enum DependentsPolicy {
  /** The garbage collector deletes them after the object. */
  DELETE,
  /** They stay, and lose their reference to the object. */
  ORPHAN,
  /** Objects of this kind are nobody's owners. */
  UNSUPPORTED
}
