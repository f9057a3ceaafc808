package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ResourceType;

/**
 * Turns objects of the version that is served into the version that is stored, and back. Both keep
 * {@code metadata} as it is.
 */
public interface Conversion {
  /** Stores what is served. */
  Conversion NONE =
      new Conversion() {
        @Override
        public ResourceType stored(ResourceType served) {
          return served;
        }

        @Override
        public ObjectNode toStored(ObjectNode object) {
          return object;
        }

        @Override
        public ObjectNode fromStored(ObjectNode object) {
          return object;
        }
      };

  /** Returns the type whose objects are stored. */
  ResourceType stored(ResourceType served);

  /** Returns an object as it is stored; the one it is given may become part of it. */
  ObjectNode toStored(ObjectNode object);

  /** Returns a stored object as it is served; the one it is given may become part of it. */
  ObjectNode fromStored(ObjectNode object);
}
