/** Images that the lab gives the in-process runtime of its nodes. */
package io.hubspoke.lab.images;
