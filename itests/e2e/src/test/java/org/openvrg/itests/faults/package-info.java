/**
 * What breaks: processes, links, disks and files, each broken on purpose under load, over real processes. What the
 * guest sees of it, and what the two sites make of it, is the matter of the tests. Some need to mount file systems and
 * therefore root.
 */
package org.openvrg.itests.faults;
