/*
 * crc.h - How are checksums computed, as gzip, Parquet's pages and object stores have them?
 */
#ifndef MF_CRC_H
#define MF_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Begins with 0; the next bytes go on with the last answer. */
extern uint32_t mf_crc32(uint32_t crc, const void *data, size_t len);

/*
 * The checksum of `total` bytes whose first `len` are no longer what they were
 * when `crc` was computed.
 */
extern uint32_t mf_crc32_patch(uint32_t crc, uint64_t total, const void *before, const void *after, size_t len);

/* CRC-64/NVME, of all bytes at once. */
extern uint64_t mf_crc64(const void *data, size_t len);

#endif							/* MF_CRC_H */
